import type { KeyRecord } from '../../domain/feed-records.ts';
import type { Subject } from '../../domain/limit.ts';
import { DIGEST_WORDS } from '../../lib/key-digest.ts';

/** Words of a record: eight of the digest, three of the key's id, the API's index, the profile's number. */
const RECORD_WORDS = 13;
const ID_AT = 8;
const ID_WORDS = 3;
const API_AT = 11;
const PROFILE_AT = 12;
/** Numbers of a record: the key's row, its account's row, the wall time of its expiry. */
const RECORD_NUMBERS = 3;
const ACCOUNT_ROW_AT = 1;
const EXPIRY_AT = 2;

/** A slot holds 12 bits of the digest above the record's number plus one; 0 is a free slot. */
const RECORD_BITS = 20;
const RECORD_MASK = (1 << RECORD_BITS) - 1;
const TAG_MASK = ~RECORD_MASK;
/** So many records have a number that fits into a slot. */
const RECORDS_MAX = RECORD_MASK;

const SLOTS_MIN = 8;
/** Fuller than this, probes get long. */
const LOAD_MAX = 0.75;
const GROWTH = 1.25;
const GROWTH_MIN = 8;

export const NOT_FOUND = -1;

/**
 * A part of the key table: records lie dense in two typed arrays, a hash index with linear probing points at them.
 * Everything that chooses a place is bits of a keyed digest, which no client can steer. Record numbers are valid until the next change.
 */
export class KeySegment {
  private slots = new Int32Array(SLOTS_MIN);
  private words = new Int32Array(0);
  private numbers = new Float64Array(0);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The record of a key of an API; NOT_FOUND where there is none. */
  find(api: number, digest: Int32Array): number {
    const at = this.findSlot(api, digest);
    return at === NOT_FOUND ? NOT_FOUND : this.recordAt(at);
  }

  /**
   * Makes room for a key that is not here yet; its fields are to be written next.
   * @throws RangeError where the segment holds as many as it can number.
   */
  add(api: number, digest: Int32Array): number {
    if (this.count === RECORDS_MAX) throw new RangeError('a segment of the key table is full');
    this.growRecords();
    const record = this.count;
    const base = record * RECORD_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word += 1) this.words[base + word] = digest[word] ?? 0;
    this.words[base + API_AT] = api;
    this.count += 1;
    if (this.count > this.slots.length * LOAD_MAX) this.rebuildSlots(this.slots.length * 2);
    else this.place(record);
    return record;
  }

  write(record: number, key: KeyRecord, profile: number): void {
    const base = record * RECORD_WORDS;
    for (let word = 0; word < ID_WORDS; word += 1) this.words[base + ID_AT + word] = key.id[word] ?? 0;
    this.words[base + PROFILE_AT] = profile;
    const numbersAt = record * RECORD_NUMBERS;
    this.numbers[numbersAt] = key.row;
    this.numbers[numbersAt + ACCOUNT_ROW_AT] = key.accountRow;
    this.numbers[numbersAt + EXPIRY_AT] = key.expiresAtMs;
  }

  remove(record: number): void {
    this.freeSlot(this.slotOf(record));
    const last = this.count - 1;
    if (record !== last) this.move(last, record);
    this.count = last;
  }

  /** The three words of the key's id, under which the key is counted. */
  subject(record: number): Subject {
    const at = record * RECORD_WORDS + ID_AT;
    return {
      word0: this.words[at] ?? 0,
      word1: this.words[at + 1] ?? 0,
      word2: this.words[at + 2] ?? 0,
    };
  }

  api(record: number): number {
    return this.words[record * RECORD_WORDS + API_AT] ?? 0;
  }

  profile(record: number): number {
    return this.words[record * RECORD_WORDS + PROFILE_AT] ?? 0;
  }

  row(record: number): number {
    return this.numbers[record * RECORD_NUMBERS] ?? 0;
  }

  accountRow(record: number): number {
    return this.numbers[record * RECORD_NUMBERS + ACCOUNT_ROW_AT] ?? 0;
  }

  expiresAtMs(record: number): number {
    return this.numbers[record * RECORD_NUMBERS + EXPIRY_AT] ?? 0;
  }

  private findSlot(api: number, digest: Int32Array): number {
    const mask = this.slots.length - 1;
    const tag = (digest[2] ?? 0) & TAG_MASK;
    // A free slot always ends the walk: the index is never full.
    for (let at = (digest[1] ?? 0) & mask; ; at = (at + 1) & mask) {
      const slot = this.slots[at] ?? 0;
      if (slot === 0) return NOT_FOUND;
      if ((slot & TAG_MASK) === tag && this.isKey(this.recordAt(at), api, digest)) return at;
    }
  }

  /** Compares all words in the same time wherever they differ. */
  private isKey(record: number, api: number, digest: Int32Array): boolean {
    const base = record * RECORD_WORDS;
    let difference = (this.words[base + API_AT] ?? 0) ^ api;
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      difference |= (this.words[base + word] ?? 0) ^ (digest[word] ?? 0);
    }
    return difference === 0;
  }

  private recordAt(slotAt: number): number {
    return ((this.slots[slotAt] ?? 0) & RECORD_MASK) - 1;
  }

  /** Where the search for a record begins. */
  private homeOf(record: number): number {
    return (this.words[record * RECORD_WORDS + 1] ?? 0) & (this.slots.length - 1);
  }

  /** The slot that points at a record that is in the index. */
  private slotOf(record: number): number {
    const mask = this.slots.length - 1;
    let at = this.homeOf(record);
    while (this.recordAt(at) !== record) at = (at + 1) & mask;
    return at;
  }

  private place(record: number): void {
    const mask = this.slots.length - 1;
    let at = this.homeOf(record);
    while (this.slots[at] !== 0) at = (at + 1) & mask;
    this.point(at, record);
  }

  private point(slotAt: number, record: number): void {
    const tag = (this.words[record * RECORD_WORDS + 2] ?? 0) & TAG_MASK;
    this.slots[slotAt] = tag | (record + 1);
  }

  /** Empties a slot and moves later ones of its run into the gap, so that no search ends too early. */
  private freeSlot(slotAt: number): void {
    const mask = this.slots.length - 1;
    let gap = slotAt;
    for (let at = (gap + 1) & mask; this.slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.homeOf(this.recordAt(at));
      // A record may move back only as far as its home.
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.slots[gap] = this.slots[at] ?? 0;
      gap = at;
    }
    this.slots[gap] = 0;
  }

  private move(from: number, to: number): void {
    const slotAt = this.slotOf(from);
    this.words.copyWithin(to * RECORD_WORDS, from * RECORD_WORDS, (from + 1) * RECORD_WORDS);
    this.numbers.copyWithin(to * RECORD_NUMBERS, from * RECORD_NUMBERS, (from + 1) * RECORD_NUMBERS);
    this.point(slotAt, to);
  }

  private growRecords(): void {
    const capacity = this.words.length / RECORD_WORDS;
    if (this.count < capacity) return;
    const wanted = Math.min(RECORDS_MAX, Math.ceil(capacity * GROWTH) + GROWTH_MIN);
    const words = new Int32Array(wanted * RECORD_WORDS);
    const numbers = new Float64Array(wanted * RECORD_NUMBERS);
    words.set(this.words);
    numbers.set(this.numbers);
    this.words = words;
    this.numbers = numbers;
  }

  private rebuildSlots(length: number): void {
    this.slots = new Int32Array(length);
    for (let record = 0; record < this.count; record += 1) this.place(record);
  }
}
