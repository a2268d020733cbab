import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** A secret under which texts are sealed; at least 32 bytes. */
export interface SealingKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

export interface SealingRing {
  /** Texts are sealed under this one. */
  readonly current: SealingKey;
  /** Texts sealed earlier are still opened under these. */
  readonly retired: readonly SealingKey[];
}

export interface SealedText {
  readonly keyId: string;
  /** Nonce (12 bytes), ciphertext, tag (16 bytes). */
  readonly sealed: Uint8Array;
}

export interface Sealer {
  /** The key under which texts are sealed. */
  readonly keyId: string;
  /** Keys under which texts are still opened. */
  readonly retiredIds: readonly string[];
  /** Seals with AES-256-GCM and a fresh random nonce: good for 2^32 texts under one secret (NIST SP 800-38D §8.3). */
  seal(plaintext: string, context: string): SealedText;
  /** @throws UnsealFailed where the secret is not in the ring, a byte has changed or the context is another. */
  unseal(text: SealedText, context: string): string;
}

/** Deliberately says no more: neither the sealed text nor the reason belongs in a log. */
export class UnsealFailed extends Error {
  override readonly name = 'UnsealFailed';

  constructor() {
    super('a sealed text could not be opened');
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SECRET_BYTES_MIN = 32;
/** Keeps the cipher's key apart from whatever else is derived from the same secret. */
const DERIVATION = 'seal aes-256-gcm 1';

/**
 * Seals short texts so that whoever holds only the database can neither read them nor move one to another context.
 * @throws RangeError where a secret is too short or an id occurs twice.
 */
export function createSealer(ring: SealingRing): Sealer {
  const keyOfId = new Map<string, Uint8Array>();
  for (const key of [ring.current, ...ring.retired]) {
    if (keyOfId.has(key.id)) throw new RangeError('two sealing keys have the same id');
    keyOfId.set(key.id, deriveKey(key));
  }
  const keyId = ring.current.id;
  const currentKey = deriveKey(ring.current);
  return {
    keyId,
    retiredIds: ring.retired.map(({ id }) => id),
    seal: (plaintext, context) => ({ keyId, sealed: encrypt(currentKey, plaintext, context) }),
    unseal(text, context) {
      const key = keyOfId.get(text.keyId);
      if (key === undefined || text.sealed.length < NONCE_BYTES + TAG_BYTES) throw new UnsealFailed();
      return decrypt(key, text.sealed, context);
    },
  };
}

function deriveKey({ id, secret }: SealingKey): Uint8Array {
  if (secret.length < SECRET_BYTES_MIN) throw new RangeError(`sealing key ${id} is shorter than 32 bytes`);
  return new Uint8Array(hkdfSync('sha256', secret, '', DERIVATION, KEY_BYTES));
}

function encrypt(key: Uint8Array, plaintext: string, context: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, sealed: Uint8Array, context: string): string {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, tagAt));
  try {
    return Buffer.concat([plaintext, decipher.final()]).toString('utf8');
  } catch {
    throw new UnsealFailed();
  }
}
