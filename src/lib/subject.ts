import { hash } from 'node:crypto';

/** 96 bits that name someone, as three words whose lowest bits hold the earlier bytes. */
export interface SubjectWords {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
}

/** Bytes of a subject. */
export const SUBJECT_BYTES = 12;

/**
 * The first 12 bytes of SHA-256 over the names with 0x00 between them, the API's name first: the same after a restart, and not to be
 * chosen by whoever chooses a name. No name but the last may hold a 0x00.
 */
export function subjectBytes(names: readonly string[]): Uint8Array {
  return hash('sha256', names.join('\0'), 'buffer').subarray(0, SUBJECT_BYTES);
}

/** `subjectBytes` as words. */
export function subjectOf(names: readonly string[]): SubjectWords {
  const bytes = Buffer.from(subjectBytes(names));
  return { word0: bytes.readInt32LE(0), word1: bytes.readInt32LE(4), word2: bytes.readInt32LE(8) };
}
