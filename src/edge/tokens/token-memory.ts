import { hash } from 'node:crypto';
import type { Subject } from '../../domain/limit.ts';

/** Words of the SHA-256 of a whole token. */
export const TOKEN_DIGEST_WORDS = 8;

/** What is remembered of a token that was believed. */
export interface Remembered {
  /** Index of the API. */
  readonly api: number;
  readonly kind: number;
  /** Index of the issuer among the API's, or of the tier that the token names. */
  readonly index: number;
  /** Version of the keys with which it was verified. */
  readonly keysVersion: number;
  /** Place in a pool of rights. */
  readonly rights: number;
  /** Whom limits count, and by what the account is found; zeroes where the token does not say. */
  readonly subject: Subject;
  readonly accountSubject: Subject;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  /** Id of the account, key or session. */
  readonly name: string;
  /** Name of the key with which it was verified, where that is asked again; else ''. */
  readonly keyId: string;
}

/** A record is a whole number of these; its place is counted in them. */
const UNIT_BYTES = 8;
const UNIT_WORDS = 2;
/** Words before the times: digest, api, kind, index, version of the keys, rights, both subjects, lengths of both texts. */
const API = 8;
const KIND = 9;
const INDEX = 10;
const KEYS_VERSION = 11;
const RIGHTS = 12;
const SUBJECT = 13;
const ACCOUNT_SUBJECT = 16;
const LENGTHS = 19;
/** The unit in which the times begin, and the byte in which the texts do. */
const TIMES_UNIT = 10;
const TEXTS_BYTE = (TIMES_UNIT + 2) * UNIT_BYTES;
const LENGTH_BITS = 16;
const TEXT_BYTES_MAX = 2 ** LENGTH_BITS - 1;
/** In the API's word of what is no record but fills the ring up to its end, and of a record that a newer one of the same token has replaced. */
const FILLER = -1;
const REPLACED = -2;

export interface TokenMemoryOptions {
  readonly tokensMax: number;
  /** A multiple of 8. */
  readonly bytesMax: number;
}

/**
 * Tokens that were believed, in records of about 150 bytes that lie one after the other in one ring of bytes, for no garbage collector to walk:
 * a new one takes the place of the oldest. Found by API and digest through open addressing, at most half full, whose cells hold a record's unit + 1.
 */
export class TokenMemory {
  readonly bytesMax: number;
  private readonly tokensMax: number;
  private readonly words: Int32Array;
  private readonly times: Float64Array;
  private readonly bytes: Buffer;
  private readonly cells: Int32Array;
  private readonly mask: number;
  private readonly digest = Buffer.alloc(TOKEN_DIGEST_WORDS * 4);
  private readonly digestWords: Int32Array;
  /** Units: the oldest record, and where the next one goes. They are equal where there is none. */
  private oldest = 0;
  private next = 0;
  private count = 0;

  constructor({ tokensMax, bytesMax }: TokenMemoryOptions) {
    const ring = new ArrayBuffer(bytesMax);
    this.bytesMax = bytesMax;
    this.tokensMax = tokensMax;
    this.words = new Int32Array(ring);
    this.times = new Float64Array(ring);
    this.bytes = Buffer.from(ring);
    const cells = 2 ** Math.ceil(Math.log2(tokensMax * 2));
    this.cells = new Int32Array(cells);
    this.mask = cells - 1;
    this.digestWords = new Int32Array(this.digest.buffer, this.digest.byteOffset, TOKEN_DIGEST_WORDS);
  }

  /** Tokens remembered, those that have expired since included. */
  get size(): number {
    return this.count;
  }

  /** What was remembered of this very token, every byte of it, for this API. */
  find(api: number, token: string): Remembered | undefined {
    this.readDigest(token);
    const unit = (this.cells[this.cellOf(api)] ?? 0) - 1;
    return unit === -1 ? undefined : this.read(unit);
  }

  /** In place of what was remembered of the same token for the same API, and of the oldest where there is no room. */
  remember(token: string, remembered: Remembered): void {
    const nameBytes = Buffer.byteLength(remembered.name);
    const keyIdBytes = Buffer.byteLength(remembered.keyId);
    const units = unitsOf(nameBytes, keyIdBytes);
    if (Math.max(nameBytes, keyIdBytes) > TEXT_BYTES_MAX || units * UNIT_BYTES > this.bytesMax) return;
    const unit = this.claim(units);
    this.readDigest(token);
    this.write(unit, remembered, (nameBytes << LENGTH_BITS) | keyIdBytes);
    const cell = this.cellOf(remembered.api);
    const replaced = (this.cells[cell] ?? 0) - 1;
    if (replaced !== -1) this.words[replaced * UNIT_WORDS + API] = REPLACED;
    this.cells[cell] = unit + 1;
    this.count += 1;
  }

  /** Forgets all. */
  clear(): void {
    this.cells.fill(0);
    this.count = 0;
    this.oldest = 0;
    this.next = 0;
  }

  private read(unit: number): Remembered {
    const word = (at: number): number => this.words[unit * UNIT_WORDS + at] ?? 0;
    const start = unit * UNIT_BYTES + TEXTS_BYTE;
    const middle = start + (word(LENGTHS) >>> LENGTH_BITS);
    return {
      api: word(API),
      kind: word(KIND),
      index: word(INDEX),
      keysVersion: word(KEYS_VERSION),
      rights: word(RIGHTS),
      subject: this.subjectAt(unit * UNIT_WORDS + SUBJECT),
      accountSubject: this.subjectAt(unit * UNIT_WORDS + ACCOUNT_SUBJECT),
      notBeforeMs: this.times[unit + TIMES_UNIT] ?? Infinity,
      expiresAtMs: this.times[unit + TIMES_UNIT + 1] ?? 0,
      name: this.bytes.toString('utf8', start, middle),
      keyId: this.bytes.toString('utf8', middle, middle + (word(LENGTHS) & TEXT_BYTES_MAX)),
    };
  }

  private subjectAt(at: number): Subject {
    const [word0 = 0, word1 = 0, word2 = 0] = [this.words[at], this.words[at + 1], this.words[at + 2]];
    return { word0, word1, word2 };
  }

  private write(unit: number, remembered: Remembered, lengths: number): void {
    const { api, kind, index, keysVersion, rights, subject, accountSubject } = remembered;
    const at = unit * UNIT_WORDS;
    this.words.set(this.digestWords, at);
    this.words.set([api, kind, index, keysVersion, rights], at + API);
    this.words.set([subject.word0, subject.word1, subject.word2], at + SUBJECT);
    this.words.set(
      [accountSubject.word0, accountSubject.word1, accountSubject.word2, lengths],
      at + ACCOUNT_SUBJECT,
    );
    this.times[unit + TIMES_UNIT] = remembered.notBeforeMs;
    this.times[unit + TIMES_UNIT + 1] = remembered.expiresAtMs;
    this.bytes.write(remembered.name + remembered.keyId, unit * UNIT_BYTES + TEXTS_BYTE, 'utf8');
  }

  /** A run of so many units, with whatever was in their place forgotten. */
  private claim(units: number): number {
    while (this.count >= this.tokensMax) this.forgetOldest();
    if (this.next + units > this.times.length) this.wrap();
    while (this.count > 0 && this.oldest >= this.next && this.oldest < this.next + units) this.forgetOldest();
    const claimed = this.next;
    this.next += units;
    return claimed;
  }

  /** Goes on at the ring's beginning: what lies up to its end is older than what lies there. */
  private wrap(): void {
    while (this.count > 0 && this.oldest >= this.next) this.forgetOldest();
    if (this.next < this.times.length) this.words[this.next * UNIT_WORDS + API] = FILLER;
    this.next = 0;
  }

  private forgetOldest(): void {
    const unit = this.oldest;
    const api = this.words[unit * UNIT_WORDS + API] ?? FILLER;
    const lengths = this.words[unit * UNIT_WORDS + LENGTHS] ?? 0;
    this.oldest += unitsOf(lengths >>> LENGTH_BITS, lengths & TEXT_BYTES_MAX);
    if (api === FILLER || this.oldest === this.times.length) this.oldest = 0;
    if (api === FILLER) return;
    if (api !== REPLACED) this.close(this.cellOfRecord(unit));
    this.count -= 1;
    if (this.count === 0) this.oldest = this.next;
  }

  /** Empties a cell and moves back what was pushed past it, so that every probe still ends at the first empty cell. */
  private close(emptied: number): void {
    let hole = emptied;
    for (let cell = (hole + 1) & this.mask; this.cells[cell] !== 0; cell = (cell + 1) & this.mask) {
      const mark = this.cells[cell] ?? 0;
      const home = (this.words[(mark - 1) * UNIT_WORDS] ?? 0) & this.mask;
      if (((cell - home) & this.mask) < ((cell - hole) & this.mask)) continue;
      this.cells[hole] = mark;
      hole = cell;
    }
    this.cells[hole] = 0;
  }

  /** The cell of the record of this API and the digest read last, or the empty one where it would be. */
  private cellOf(api: number): number {
    let cell = (this.digestWords[0] ?? 0) & this.mask;
    while (this.cells[cell] !== 0 && !this.matches((this.cells[cell] ?? 0) - 1, api)) {
      cell = (cell + 1) & this.mask;
    }
    return cell;
  }

  private cellOfRecord(unit: number): number {
    let cell = (this.words[unit * UNIT_WORDS] ?? 0) & this.mask;
    while (this.cells[cell] !== unit + 1) {
      if (this.cells[cell] === 0) throw new RangeError('a remembered token is not in its index');
      cell = (cell + 1) & this.mask;
    }
    return cell;
  }

  private matches(unit: number, api: number): boolean {
    const at = unit * UNIT_WORDS;
    if (this.words[at + API] !== api) return false;
    for (let word = 0; word < TOKEN_DIGEST_WORDS; word += 1) {
      if (this.words[at + word] !== this.digestWords[word]) return false;
    }
    return true;
  }

  /** Into `digestWords`. One character of the text between stands for one byte: faster than a buffer of its own for each digest. */
  private readDigest(token: string): void {
    this.digest.write(hash('sha256', token, 'latin1'), 'latin1');
  }
}

function unitsOf(nameBytes: number, keyIdBytes: number): number {
  return TIMES_UNIT + 2 + Math.ceil((nameBytes + keyIdBytes) / UNIT_BYTES);
}
