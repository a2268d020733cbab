import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecretTest } from '../../../src/lib/same-secret.ts';

const TEXT = fc.string({ unit: 'binary', maxLength: 80, size: 'max' });

test('a text is a secret where it is the same, whatever was shown before', () => {
  fc.assert(
    fc.property(TEXT, fc.array(TEXT), (secret, others) => {
      const isSecret = createSecretTest(secret);
      for (const shown of [...others, `${secret}x`, secret, secret.slice(1)]) {
        expect(isSecret(shown)).toBe(shown === secret);
      }
    }),
  );
});
