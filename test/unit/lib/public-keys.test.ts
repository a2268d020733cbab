import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseFixedKeys } from '../../../src/edge/tokens/key-set-text.ts';
import { readPublicKeys } from '../../../src/lib/public-keys.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const WEAK = generateKeyPairSync('rsa', { modulusLength: 1024 });
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const ED = generateKeyPairSync('ed25519');

const pem = (key: KeyObject) => key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' });
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const set = (...keys: readonly unknown[]) => JSON.stringify({ keys });

const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

describe('a text of public keys', () => {
  test.each([
    ['an RSA key in PEM', pem(RSA.publicKey), RSA_ALGORITHMS],
    ['an EC key in PEM between line ends', `\n${pem(EC.publicKey)}\n\n`, ['ES256']],
    ['an Ed25519 key as JWK', set(jwk(ED.publicKey)), ['EdDSA']],
    ['two kinds together', set(jwk(EC.publicKey), jwk(ED.publicKey)), ['ES256', 'EdDSA']],
    ['a key that says what it is for', set(jwk(RSA.publicKey, { alg: 'RS256', use: 'sig' })), ['RS256']],
    [
      'one for encryption among others',
      set(jwk(RSA.publicKey, { use: 'enc' }), jwk(EC.publicKey)),
      ['ES256'],
    ],
  ])('with %s tells what can be verified', (_name, text, algorithms) => {
    const reading = readPublicKeys(text);
    expect('algorithms' in reading && [...reading.algorithms]).toEqual(algorithms);
    // Who verifies takes the same text, and must find the same in it.
    const verifying = (parseFixedKeys(text) ?? []).flatMap((key) => [...key.algorithms]);
    expect(new Set(verifying)).toEqual(new Set(algorithms));
  });

  test.each([
    ['nothing', ''],
    ['no JSON', 'keys'],
    ['no set', JSON.stringify(jwk(EC.publicKey))],
    ['an empty set', set()],
    ['too many keys', set(...Array.from({ length: 65 }, () => jwk(ED.publicKey)))],
    ['two keys in PEM', pem(EC.publicKey) + pem(ED.publicKey)],
    ['a private key in PEM', pem(EC.privateKey)],
    ['a private key as JWK', set(jwk(EC.publicKey), jwk(ED.privateKey))],
    ['a secret', set({ kty: 'oct', k: 'c2VjcmV0' })],
    ['a broken key', set({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' })],
    ['a key that is none', set(null)],
    ['keys for encryption alone', set(jwk(EC.publicKey, { use: 'enc' }))],
    ['keys to encrypt with, by their operations', set(jwk(EC.publicKey, { key_ops: ['encrypt'] }))],
    ['a short RSA key', pem(WEAK.publicKey)],
    ['a key whose algorithm is not its own', set(jwk(RSA.publicKey, { alg: 'HS256' }))],
  ])('with %s is refused, and nothing of it is repeated', (_name, text) => {
    const reading = readPublicKeys(text);
    expect(reading).toHaveProperty('fault');
    const words = 'fault' in reading ? reading.fault : text;
    for (const line of text.split('\n').filter(({ length }) => length > 20))
      expect(words).not.toContain(line);
  });
});
