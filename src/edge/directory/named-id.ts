import type { Subject } from '../../domain/limit.ts';
import { hexFromWord } from '../../lib/key-digest.ts';

/** An id of an API: 96 bits that a CSPRNG or a digest has chosen. */
export interface NamedId extends Subject {
  readonly api: number;
}

export const KEY_ID_PREFIX = 'key_';
export const SESSION_ID_PREFIX = 'ses_';

const ID_DIGITS = 24;
const WORD_DIGITS = 8;

/** The 96 bits of an id such as `key_` and 24 lower-case hexadecimal digits; undefined for any other text. */
export function readId(prefix: string, text: string): Subject | undefined {
  if (text.length !== prefix.length + ID_DIGITS || !text.startsWith(prefix)) return undefined;
  for (let at = prefix.length; at < text.length; at += 1) if (!isDigit(text.charCodeAt(at))) return undefined;
  return {
    word0: readWord(text, prefix.length),
    word1: readWord(text, prefix.length + WORD_DIGITS),
    word2: readWord(text, prefix.length + 2 * WORD_DIGITS),
  };
}

/** The inverse of `readId`. */
export function writeId(prefix: string, { word0, word1, word2 }: Subject): string {
  return prefix + hexFromWord(word0) + hexFromWord(word1) + hexFromWord(word2);
}

/** The id in three words of a record of the feed. */
export function toSubject(words: Int32Array): Subject {
  return { word0: words[0] ?? 0, word1: words[1] ?? 0, word2: words[2] ?? 0 };
}

export function isSame(a: Subject, b: Subject): boolean {
  return a.word0 === b.word0 && a.word1 === b.word1 && a.word2 === b.word2;
}

/** Eight digits, the first two in the word's lowest bits. */
function readWord(text: string, at: number): number {
  let word = 0;
  for (let byte = 0; byte < 4; byte += 1) {
    const high = digitOf(text.charCodeAt(at + 2 * byte));
    word |= ((high << 4) | digitOf(text.charCodeAt(at + 2 * byte + 1))) << (8 * byte);
  }
  return word;
}

/** 0 to 9, a to f. */
function isDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

function digitOf(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x57;
}
