import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issueKey } from '../../src/lib/key-format.ts';
import { findSecrets } from './search.ts';

/** Among other bytes, as in a page of a database. */
function amid(text: string | Buffer): Buffer {
  return Buffer.concat([randomBytes(999), Buffer.from(' key='), Buffer.from(text), randomBytes(999)]);
}

describe('the search for secrets', () => {
  const key = issueKey('track_', randomBytes);
  const digits = key.slice('track_'.length);
  const bytes = Buffer.from(`"${key}"`);

  test.each([
    ['as it is', key],
    ['without its prefix', digits],
    ['beside other digits', `0${digits}Z`],
    ['in base64', bytes.toString('base64')],
    ['in base64url, in the middle of a longer text', Buffer.from(`xy{"k":"${key}"}`).toString('base64url')],
    ['in hexadecimal', bytes.toString('hex')],
    ['in hexadecimal, upper case', bytes.toString('hex').toUpperCase()],
  ])('finds an issued key %s, and does not show it', (_, text) => {
    const found = findSecrets(amid(text), []).join(' ');
    expect(found).toContain(`an issued key or token that ends in ${key.slice(-4)}`);
    expect(found).not.toContain(digits.slice(0, 8));
  });

  test('finds no key in what only looks like one, nor in noise', () => {
    const spoilt = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`;
    const noise = [
      spoilt,
      key.slice(0, -1),
      randomBytes(60_000).toString('base64'),
      randomBytes(60_000).toString('hex'),
    ];
    expect(noise.flatMap((text) => findSecrets(amid(text), []))).toEqual([]);
  });

  test('finds a secret without a form of its own in every way in which it may be written', () => {
    const secret = randomBytes(32);
    const marks = [{ name: 'the pepper', secret }];
    const forms = [secret, ...(['base64', 'base64url', 'hex'] as const).map((form) => secret.toString(form))];
    for (const form of forms) expect(findSecrets(amid(form), marks)).toEqual(['the pepper']);
    expect(findSecrets(amid(randomBytes(32)), marks)).toEqual([]);
  });
});
