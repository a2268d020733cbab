import type { Limit, LimitState } from '../../domain/limit.ts';
import type { Asked } from './fingerprint.ts';
import { fromOutcome, toAged, toOutcome } from './outcome.ts';
import type { Settled } from './outcome.ts';

/** Limits that a record has room for. */
const LIMITS_PER_RECORD = 4;

/** 128 bits of the fingerprint, then the outcome and the number of limits in one word. */
const FINGERPRINT_WORDS = 4;
const WORDS = FINGERPRINT_WORDS + 1;
/** The time, then remaining, reset and wait of each limit. */
const NUMBERS_PER_LIMIT = 3;
const NUMBERS = 1 + NUMBERS_PER_LIMIT * LIMITS_PER_RECORD;
const LIMITS_BITS = 3;
/** In the outcome's word of a record that is empty, or that a newer one of the same fingerprint has replaced. */
const UNUSED = -1;

/**
 * What the latest checks spent, in fixed-width records: a new one takes the place of the oldest.
 * Found by fingerprint through open addressing, at most half full, whose cells hold a record's number + 1.
 */
export class RecordRing {
  private readonly recordsMax: number;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly cells: Int32Array;
  private readonly mask: number;
  private next = 0;

  constructor(recordsMax: number) {
    const cells = 2 ** Math.ceil(Math.log2(recordsMax * 2));
    this.recordsMax = recordsMax;
    this.words = new Int32Array(recordsMax * WORDS).fill(UNUSED);
    this.numbers = new Float64Array(recordsMax * NUMBERS);
    this.cells = new Int32Array(cells);
    this.mask = cells - 1;
  }

  /** Remembers a spending; false where it does not fit a record: its limits must be the first of those asked for. */
  remember({ fingerprint, charges, atMs }: Asked, spending: Settled): boolean {
    const outcome = toOutcome(spending);
    const states = spending.limits;
    if (outcome === undefined || states.length > LIMITS_PER_RECORD) return false;
    for (let at = 0; at < states.length; at += 1) if (states[at]?.limit !== charges[at]?.limit) return false;

    const record = this.claim(fingerprint);
    this.words[record * WORDS + FINGERPRINT_WORDS] = (outcome << LIMITS_BITS) | states.length;
    this.numbers[record * NUMBERS] = atMs;
    let at = record * NUMBERS + 1;
    for (const { remaining, resetMs, waitMs } of states) {
      this.numbers[at] = remaining;
      this.numbers[at + 1] = resetMs;
      this.numbers[at + 2] = waitMs;
      at += NUMBERS_PER_LIMIT;
    }
    return true;
  }

  /** What is remembered and younger than `keptMs`, its times told as they are now. */
  find({ fingerprint, charges, atMs }: Asked, keptMs: number): Settled | undefined {
    const record = (this.cells[this.cellOf(fingerprint)] ?? 0) - 1;
    if (record === -1) return undefined;
    const ageMs = Math.max(0, atMs - (this.numbers[record * NUMBERS] ?? 0));
    if (ageMs >= keptMs) return undefined;
    const word = this.words[record * WORDS + FINGERPRINT_WORDS] ?? UNUSED;
    const shown = charges.slice(0, word & (2 ** LIMITS_BITS - 1));
    const states = shown.map(({ limit }, index) => toAged(this.stateOf(record, index, limit), ageMs));
    return fromOutcome(word >> LIMITS_BITS, states);
  }

  private stateOf(record: number, index: number, limit: Limit): LimitState {
    const at = record * NUMBERS + 1 + index * NUMBERS_PER_LIMIT;
    const [remaining = 0, resetMs = 0, waitMs = 0] = this.numbers.subarray(at, at + NUMBERS_PER_LIMIT);
    return { limit, remaining, resetMs, waitMs };
  }

  /** The oldest record, cleared of what it held and found under this fingerprint from now on. */
  private claim(fingerprint: string): number {
    const record = this.next;
    this.next = (record + 1) % this.recordsMax;
    this.forget(record);

    const cell = this.cellOf(fingerprint);
    const replaced = (this.cells[cell] ?? 0) - 1;
    if (replaced !== -1) this.words[replaced * WORDS + FINGERPRINT_WORDS] = UNUSED;
    this.cells[cell] = record + 1;
    for (let word = 0; word < FINGERPRINT_WORDS; word += 1) {
      this.words[record * WORDS + word] = wordOf(fingerprint, word);
    }
    return record;
  }

  private forget(record: number): void {
    if (this.words[record * WORDS + FINGERPRINT_WORDS] === UNUSED) return;
    let cell = this.homeOf(record);
    while (this.cells[cell] !== record + 1) {
      if (this.cells[cell] === 0) throw new RangeError('a repeat is not in its index');
      cell = (cell + 1) & this.mask;
    }
    this.close(cell);
  }

  /** Empties a cell and moves back what was pushed past it, so that every probe still ends at the first empty cell. */
  private close(emptied: number): void {
    let hole = emptied;
    for (let cell = (hole + 1) & this.mask; this.cells[cell] !== 0; cell = (cell + 1) & this.mask) {
      const mark = this.cells[cell] ?? 0;
      const home = this.homeOf(mark - 1);
      if (((cell - home) & this.mask) < ((cell - hole) & this.mask)) continue;
      this.cells[hole] = mark;
      hole = cell;
    }
    this.cells[hole] = 0;
  }

  /** The cell that holds this fingerprint's record, or the empty one where it would be. */
  private cellOf(fingerprint: string): number {
    let cell = wordOf(fingerprint, 0) & this.mask;
    while (this.cells[cell] !== 0 && !this.matches((this.cells[cell] ?? 0) - 1, fingerprint)) {
      cell = (cell + 1) & this.mask;
    }
    return cell;
  }

  private matches(record: number, fingerprint: string): boolean {
    for (let word = 0; word < FINGERPRINT_WORDS; word += 1) {
      if (this.words[record * WORDS + word] !== wordOf(fingerprint, word)) return false;
    }
    return true;
  }

  private homeOf(record: number): number {
    return (this.words[record * WORDS] ?? 0) & this.mask;
  }
}

/** Four bytes of a fingerprint, which has one byte in each character. */
function wordOf(fingerprint: string, word: number): number {
  const at = word * 4;
  return (
    fingerprint.charCodeAt(at) |
    (fingerprint.charCodeAt(at + 1) << 8) |
    (fingerprint.charCodeAt(at + 2) << 16) |
    (fingerprint.charCodeAt(at + 3) << 24)
  );
}
