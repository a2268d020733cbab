import { hash } from 'node:crypto';
import { subjectBytes } from '../../../lib/subject.ts';
import type { DeclaredKey } from '../declared.ts';
import { bytesFromWords } from './words.ts';

const PREFIX = 'key_';
const ID_BYTES = 12;
const KEY_ID = /^key_[0-9a-f]{24}$/;

/** The 12 bytes of `key_` and 24 hexadecimal digits; undefined for any other text. */
export function fromKeyId(id: string): Uint8Array | undefined {
  return KEY_ID.test(id) ? Buffer.from(id.slice(PREFIX.length), 'hex') : undefined;
}

export function toKeyId(bytes: Uint8Array): string {
  return PREFIX + Buffer.from(bytes).toString('hex');
}

/**
 * The id of a declared key: the first 12 bytes of SHA-256 over API name, 0x00 and digest.
 * The same key has the same id after a restart, and the id shows no part of the digest.
 */
export function idOfDeclared(key: Pick<DeclaredKey, 'api' | 'digest'>): Uint8Array {
  const text = Buffer.concat([Buffer.from(`${key.api}\0`), bytesFromWords(key.digest)]);
  return hash('sha256', text, 'buffer').subarray(0, ID_BYTES);
}

/** Under whom an account is counted, and by what an edge finds it. */
export function subjectOfAccount(api: string, id: string): Uint8Array {
  return subjectBytes([api, id]);
}
