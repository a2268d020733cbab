import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { subjectBytes, subjectOf } from '../../../src/lib/subject.ts';

test('a subject is the first 12 bytes of SHA-256 over its names with 0x00 between them', () => {
  const bytes = createHash('sha256')
    .update('truedy\0https://issuer.example\0user_1')
    .digest()
    .subarray(0, 12);
  expect(Buffer.from(subjectBytes(['truedy', 'https://issuer.example', 'user_1']))).toEqual(bytes);
  expect(subjectOf(['truedy', 'https://issuer.example', 'user_1'])).toEqual({
    word0: bytes.readInt32LE(0),
    word1: bytes.readInt32LE(4),
    word2: bytes.readInt32LE(8),
  });
});

test('names do not run into each other', () => {
  expect(subjectOf(['ab', 'c'])).not.toEqual(subjectOf(['a', 'bc']));
  expect(subjectOf(['a', 'b'])).not.toEqual(subjectOf(['ab']));
});
