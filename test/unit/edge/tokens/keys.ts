import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ALGORITHMS } from '../../../../src/edge/tokens/algorithms.ts';
import type { IssuerAlgorithm } from '../../../../src/domain/token.ts';

/** A key pair that signs tokens in a test. */
export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const rsaOther: Pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const rsaWeak: Pair = generateKeyPairSync('rsa', { modulusLength: 1_024 });
export const p256: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const p256Other: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const p384: Pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
export const p521: Pair = generateKeyPairSync('ec', { namedCurve: 'P-521' });
export const secp256k1: Pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
export const ed25519: Pair = generateKeyPairSync('ed25519');
export const ed25519Other: Pair = generateKeyPairSync('ed25519');
export const ed448: Pair = generateKeyPairSync('ed448');

/** Makes a signature over the first two parts of a token. */
export type Signer = (text: string) => Buffer;

export function signerOf({ privateKey }: Pick<Pair, 'privateKey'>, name: IssuerAlgorithm): Signer {
  const { digest, scheme } = ALGORITHMS[name];
  return (text) => sign(digest, Buffer.from(text), { key: privateKey, ...scheme });
}

export function hmacSigner(secret: string | Uint8Array, digest = 'sha256'): Signer {
  return (text) => createHmac(digest, secret).update(text).digest();
}

/** The public half as a member of a JWK set. */
export function toJwk(
  { publicKey }: Pick<Pair, 'publicKey'>,
  members: Readonly<Record<string, unknown>> = {},
) {
  return { ...publicKey.export({ format: 'jwk' }), ...members };
}

export function toPem({ publicKey }: Pick<Pair, 'publicKey'>): string {
  return publicKey.export({ format: 'pem', type: 'spki' });
}

export function toSet(...jwks: readonly unknown[]): string {
  return JSON.stringify({ keys: jwks });
}
