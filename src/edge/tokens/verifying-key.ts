import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { hasUsualSize, holdsSecret, isForSignatures, listSignatures } from '../../lib/public-keys.ts';
import { isCleanText, KEY_ID_BYTES_MAX } from './clean-text.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** Of a PEM, which knows no names: the key is for whatever name a token has. */
export const EVERY_KEY_ID = Symbol('every key id');

/** A public key of an issuer, and what it may verify. */
export interface VerifyingKey {
  /** undefined: the key has no name, and is for tokens that name none. */
  readonly keyId: string | undefined | typeof EVERY_KEY_ID;
  readonly algorithms: ReadonlySet<string>;
  readonly key: KeyObject;
}

/** Undefined for a key that is not public, not for signatures, weak, or of a kind that is not used here: whoever publishes a set may have such. */
export function fromJwk(jwk: JsonObject): VerifyingKey | undefined {
  const keyId = findMember(jwk, 'kid');
  if (keyId !== undefined && !isCleanText(keyId, KEY_ID_BYTES_MAX)) return undefined;
  if (holdsSecret(jwk) || !isForSignatures(jwk) || !hasUsualSize(jwk)) return undefined;
  const key = importPublicKey({ key: jwk, format: 'jwk' });
  if (key === undefined) return undefined;
  const named = findMember(jwk, 'alg');
  return toVerifyingKey(keyId, key, (name) => named === undefined || named === name);
}

/** The key of a PEM text (SubjectPublicKeyInfo, PKCS #1 or a certificate); undefined as for `fromJwk`. */
export function fromPem(pem: string): VerifyingKey | undefined {
  // A private key would be taken for its public half: nobody should get used to keeping one here.
  if (pem.includes('PRIVATE')) return undefined;
  const key = importPublicKey(pem);
  return key && toVerifyingKey(EVERY_KEY_ID, key, () => true);
}

function toVerifyingKey(
  keyId: VerifyingKey['keyId'],
  key: KeyObject,
  isMeantFor: (algorithm: string) => boolean,
): VerifyingKey | undefined {
  const algorithms = new Set(listSignatures(key).filter(isMeantFor));
  return algorithms.size === 0 ? undefined : { keyId, algorithms, key };
}

/** Whatever OpenSSL cannot make a key of is none. */
function importPublicKey(input: Parameters<typeof createPublicKey>[0]): KeyObject | undefined {
  try {
    return createPublicKey(input);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
