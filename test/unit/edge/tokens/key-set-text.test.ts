import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseFixedKeys, parseKeySet } from '../../../../src/edge/tokens/key-set-text.ts';
import { EVERY_KEY_ID } from '../../../../src/edge/tokens/verifying-key.ts';
import { PUBLIC_KEYS_MAX } from '../../../../src/lib/public-keys.ts';
import { ed25519, ed448, p256, p384, p521, rsa, rsaWeak, secp256k1, toJwk, toPem, toSet } from './keys.ts';

function algorithmsOf(text: string): readonly string[] | undefined {
  const [key] = parseFixedKeys(text) ?? [];
  return key && [...key.algorithms];
}

describe('a key of an issuer', () => {
  const RSA_ALL = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

  test.each([
    ['RSA', toSet(toJwk(rsa)), RSA_ALL],
    ['RSA for one algorithm', toSet(toJwk(rsa, { alg: 'PS384' })), ['PS384']],
    ['P-256', toSet(toJwk(p256)), ['ES256']],
    ['P-384', toSet(toJwk(p384)), ['ES384']],
    ['P-521', toSet(toJwk(p521)), ['ES512']],
    ['Ed25519', toSet(toJwk(ed25519)), ['EdDSA']],
    ['RSA in PEM', toPem(rsa), RSA_ALL],
    ['RSA in PEM after blanks', `\n  ${toPem(rsa)}`, RSA_ALL],
    ['RSA in PEM of PKCS #1', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }), RSA_ALL],
    ['P-256 in PEM', toPem(p256), ['ES256']],
    ['Ed25519 in PEM', toPem(ed25519), ['EdDSA']],
    ['for signatures', toSet(toJwk(p256, { use: 'sig', key_ops: ['verify'] })), ['ES256']],
    ['with a certificate beside it', toSet(toJwk(p256, { x5c: ['MIIB'], x5t: 'abc' })), ['ES256']],
  ])('is used for what it is good for: %s', (_, text, algorithms) => {
    expect(algorithmsOf(text)).toEqual(algorithms);
  });

  test('in a set that takes long to read is none', () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    const wide = `[${'0,'.repeat(10_000)}0]`;
    for (const more of [deep, wide]) {
      expect(parseKeySet(`{"keys":[${JSON.stringify(toJwk(p256))}],"more":${more}}`)).toBeUndefined();
    }
    const text = '['.repeat(10_000);
    expect(parseKeySet(`{"keys":[${JSON.stringify(toJwk(p256, { x5u: text }))}]}`)).toHaveLength(1);
  });

  test('with a number that OpenSSL would think about for minutes is left out unread', () => {
    const long = Buffer.alloc(200_000, 0xc5).toString('base64url');
    const odd = [{ e: long }, { n: long }, { e: long, n: long }].map((numbers) => toJwk(rsa, numbers));
    expect(parseKeySet(toSet(...odd))).toBeUndefined();
    expect(parseKeySet(toSet(...odd, toJwk(p256, { x: long }), toJwk(p256)))).toHaveLength(1);
  });

  const bigExponent = toJwk(rsa, { e: Buffer.from('0100000000000001', 'hex').toString('base64url') });
  const x25519 = generateKeyPairSync('x25519');
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 });
  const dsa = generateKeyPairSync('dsa', { modulusLength: 1_024, divisorLength: 160 });

  test.each([
    ['for another algorithm than its own', toSet(toJwk(p256, { alg: 'ES384' }))],
    ['for HMAC', toSet(toJwk(rsa, { alg: 'HS256' }))],
    ['whose algorithm is no text', toSet(toJwk(rsa, { alg: 256 }))],
    ['for encryption', toSet(toJwk(rsa, { use: 'enc' }))],
    ['whose use is no text', toSet(toJwk(rsa, { use: ['sig'] }))],
    ['to sign alone', toSet(toJwk(rsa, { key_ops: ['sign'] }))],
    ['for operations that are no list', toSet(toJwk(rsa, { key_ops: 'verify' }))],
    ['with 1,024 bits', toSet(toJwk(rsaWeak))],
    ['with 1,024 bits in PEM', toPem(rsaWeak)],
    ['with a long exponent', toSet(bigExponent)],
    ['with the exponent 1', toSet(toJwk(rsa, { e: 'AQ' }))],
    ['on secp256k1', toSet(toJwk(secp256k1))],
    ['on Ed448', toSet(toJwk(ed448))],
    ['on X25519', toSet(toJwk(x25519))],
    ['for PSS with its own parameters, in PEM', toPem(pss)],
    ['DSA in PEM', toPem(dsa)],
    ['symmetric', toSet({ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' })],
    ['private', toSet(p256.privateKey.export({ format: 'jwk' }))],
    ['private in PEM', p256.privateKey.export({ format: 'pem', type: 'pkcs8' })],
    ['not on its curve', toSet(toJwk(p256, { y: toJwk(p384).x }))],
    ['at infinity', toSet({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' })],
    ['of a curve that it is not on', toSet(toJwk(p256, { crv: 'P-384' }))],
    ['without a modulus', toSet({ kty: 'RSA', e: 'AQAB' })],
    ['of no kind', toSet({ n: 'AA', e: 'AQAB' })],
    ['whose name is no text', toSet(toJwk(p256, { kid: 7 }))],
    ['whose name is empty', toSet(toJwk(p256, { kid: '' }))],
    ['one of two in PEM', toPem(rsa) + toPem(p256)],
    ['broken PEM', toPem(p256).replace('M', '!')],
    [
      'a certificate request',
      '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n',
    ],
  ])('is not used where it is %s', (_, text) => {
    expect(parseFixedKeys(text)).toBeUndefined();
  });

  test('of a PEM answers to every name, of a set to its own', () => {
    expect(parseFixedKeys(toPem(rsa))?.map(({ keyId }) => keyId)).toEqual([EVERY_KEY_ID]);
    expect(parseKeySet(toSet(toJwk(rsa, { kid: 'a' }), toJwk(p256)))?.map(({ keyId }) => keyId)).toEqual([
      'a',
      undefined,
    ]);
  });

  test('is left out of a set where it cannot be used, beside one that can', () => {
    const set = toSet(toJwk(rsaWeak, { kid: 'weak' }), { kty: 'oct', k: 'AA' }, toJwk(p256, { kid: 'good' }));
    expect(parseKeySet(set)?.map(({ keyId }) => keyId)).toEqual(['good']);
  });

  test('is one of at most sixty-four', () => {
    const set = (count: number): string =>
      toSet(...Array.from({ length: count }, (_, at) => toJwk(p256, { kid: `${at}` })));
    expect(parseKeySet(set(PUBLIC_KEYS_MAX))).toHaveLength(64);
    expect(parseKeySet(set(PUBLIC_KEYS_MAX + 1))).toBeUndefined();
  });

  test('never comes as PEM from a URL', () => {
    expect(parseKeySet(toPem(rsa))).toBeUndefined();
  });
});
