import { MINUTE_MS } from '../../domain/time.ts';
import type { WindowWriter } from '../../domain/window-batch.ts';
import { BYTE, FLOAT, WORD } from './records.ts';
import type { CounterRecords, RecordChunk } from './records.ts';
import { RING_CAPACITIES } from './rings.ts';
import type { RingChunk, RingPool } from './rings.ts';

/** Up to this count every use is its own entry, and the limit is exact. */
const EXACT_COUNT_MAX = 64;
/** Above it, uses share an entry where they fall into the same W/63: a window then touches at most 64 of these buckets. */
const BUCKETS_PER_WINDOW = 63;
/** A counter's uses are kept in 31 bits; a limit above that is held to it. */
export const USES_MAX = 2 ** 31 - 1;
/** Windows longer than this are kept while they are used, and not only when the process stops. */
export const KEPT_ABOVE_MS = MINUTE_MS;

/**
 * One counter at a time, seen through the packed arrays: `open` turns the view to a slot, and nothing is allocated.
 * An entry is a run of uses and the time of the last of them; the whole run counts until a window after that time.
 * Entries lie in the order of time, oldest first. Times passed in are never smaller than any that was passed before.
 */
export class WindowView {
  windowMs = 0;
  /** Uses in all entries. */
  used = 0;
  private slot = 0;
  private length = 0;
  private head = 0;
  private size = 0;
  private record: RecordChunk;
  private entries: RingChunk;
  private timesAt = 0;
  private usesAt = 0;
  private wrap = 0;
  private readonly records: CounterRecords;
  private readonly pools: readonly RingPool[];

  constructor(records: CounterRecords, pools: readonly RingPool[]) {
    this.records = records;
    this.pools = pools;
    this.record = NOTHING_OPEN.record;
    this.entries = NOTHING_OPEN.entries;
  }

  open(slot: number): this {
    this.slot = slot;
    this.record = this.records.chunkOf(slot);
    const { words, bytes, floats } = this.record;
    const bytesAt = this.records.bytesAt(slot);
    this.size = bytes[bytesAt + BYTE.size] ?? 0;
    this.head = bytes[bytesAt + BYTE.head] ?? 0;
    this.length = bytes[bytesAt + BYTE.length] ?? 0;
    this.used = words[this.records.wordsAt(slot) + WORD.used] ?? 0;
    this.windowMs = floats[this.records.floatsAt(slot) + FLOAT.windowMs] ?? 0;
    this.turnTo(words[this.records.wordsAt(slot) + WORD.ring] ?? 0);
    return this;
  }

  /** Drops what no longer counts, and tells how many uses do: a use counts while less than a window has passed since the last of its run. */
  dropEnded(atMs: number): number {
    const before = this.length;
    while (this.length > 0 && atMs - this.timeOf(0) >= this.windowMs) {
      this.used -= this.usesOf(0);
      this.head = (this.head + 1) & this.wrap;
      this.length -= 1;
    }
    if (this.length !== before) this.save();
    return this.used;
  }

  /** Whether nothing would be left of it at this time. */
  isIdle(atMs: number): boolean {
    return this.length === 0 || atMs - this.timeOf(this.length - 1) >= this.windowMs;
  }

  /** Counts one use under a limit of `count`, after `dropEnded` at the same time and only where it fits. */
  add(atMs: number, count: number): void {
    this.used += 1;
    const newest = this.length - 1;
    if (newest >= 0 && this.joins(this.timeOf(newest), atMs, count)) {
      this.put(newest, atMs, this.usesOf(newest) + 1);
    } else {
      if (this.length === this.wrap + 1) this.makeRoom();
      this.put(this.length, atMs, 1);
      this.length += 1;
    }
    this.changed();
  }

  /** Adds an entry as it was kept, younger than those before it. */
  append(lastMs: number, uses: number): void {
    if (this.length === this.wrap + 1) this.makeRoom();
    this.put(this.length, lastMs, uses);
    this.length += 1;
    this.used += uses;
    this.save();
  }

  /** Hands over what counts, after `dropEnded`. */
  writeTo(writer: WindowWriter): void {
    writer.begin(this.records.describe(this.slot));
    for (let index = 0; index < this.length; index += 1) writer.add(this.timeOf(index), this.usesOf(index));
  }

  /** Takes back one use that was counted at `takenAtMs`. Its run may still end as late as before; a use that no longer counts is left alone. */
  undo(takenAtMs: number, atMs: number): void {
    if (atMs - takenAtMs >= this.windowMs) return;
    let index = 0;
    while (index < this.length && this.timeOf(index) < takenAtMs) index += 1;
    if (index === this.length) return;
    const lastMs = this.timeOf(index);
    if (lastMs !== takenAtMs && this.bucketOf(lastMs) !== this.bucketOf(takenAtMs)) return;
    this.used -= 1;
    this.put(index, lastMs, this.usesOf(index) - 1);
    if (this.usesOf(index) === 0) this.close(index);
    this.changed();
  }

  /** When the oldest `uses` of the counted uses no longer count, as the time from which a window must pass; at least 1, at most `used`. */
  lastOfOldest(uses: number): number {
    let index = 0;
    // Asked for one use nearly always, and then the uses need not be fetched.
    for (let left = uses - 1; left > 0 && left >= this.usesOf(index); index += 1) left -= this.usesOf(index);
    return this.timeOf(index);
  }

  /** The ring's number goes back to its pool; the record must be released next. */
  releaseRing(): void {
    this.poolOf(this.size).release(this.record.words[this.records.wordsAt(this.slot) + WORD.ring] ?? 0);
  }

  private joins(lastMs: number, atMs: number, count: number): boolean {
    if (lastMs === atMs) return true;
    return count > EXACT_COUNT_MAX && this.bucketOf(lastMs) === this.bucketOf(atMs);
  }

  private bucketOf(timeMs: number): number {
    return Math.floor((timeMs * BUCKETS_PER_WINDOW) / this.windowMs);
  }

  private makeRoom(): void {
    if (this.size + 1 < RING_CAPACITIES.length) this.moveUp();
    else this.merge();
  }

  private moveUp(): void {
    const { times, uses } = this.entries;
    const { timesAt, usesAt, wrap, head } = this;
    const { words } = this.record;
    const ringAt = this.records.wordsAt(this.slot) + WORD.ring;
    const ring = words[ringAt] ?? 0;
    const wider = this.poolOf(this.size + 1).allocate();
    this.size += 1;
    this.head = 0;
    this.turnTo(wider);
    for (let index = 0; index < this.length; index += 1) {
      const from = (head + index) & wrap;
      this.put(index, times[timesAt + from] ?? 0, uses[usesAt + from] ?? 0);
    }
    this.poolOf(this.size - 1).release(ring);
    words[ringAt] = wider;
  }

  /**
   * Makes one run of all uses of a bucket. Needed where exact entries of a limit that was 64 or less fill the largest ring.
   * What counts lies within a window, so it touches 64 buckets, one of them the new use's own: at most 63 runs are left.
   * Rounding could add one; then the two oldest become one, which denies too early rather than too late.
   */
  private merge(): void {
    let into = 0;
    for (let index = 1; index < this.length; index += 1) {
      const timeMs = this.timeOf(index);
      if (this.bucketOf(this.timeOf(into)) === this.bucketOf(timeMs)) {
        this.put(into, timeMs, this.usesOf(into) + this.usesOf(index));
      } else {
        into += 1;
        this.put(into, timeMs, this.usesOf(index));
      }
    }
    this.length = into + 1;
    if (this.length > this.wrap) {
      this.put(1, this.timeOf(1), this.usesOf(0) + this.usesOf(1));
      this.close(0);
    }
  }

  private close(removed: number): void {
    this.length -= 1;
    for (let index = removed; index < this.length; index += 1) {
      this.put(index, this.timeOf(index + 1), this.usesOf(index + 1));
    }
  }

  private timeOf(index: number): number {
    return this.entries.times[this.timesAt + ((this.head + index) & this.wrap)] ?? 0;
  }

  private usesOf(index: number): number {
    return this.entries.uses[this.usesAt + ((this.head + index) & this.wrap)] ?? 0;
  }

  private put(index: number, timeMs: number, uses: number): void {
    const at = (this.head + index) & this.wrap;
    this.entries.times[this.timesAt + at] = timeMs;
    this.entries.uses[this.usesAt + at] = uses;
  }

  private turnTo(ring: number): void {
    const pool = this.poolOf(this.size);
    this.entries = pool.chunkOf(ring);
    this.timesAt = pool.timesAt(ring);
    this.usesAt = pool.usesAt(ring);
    this.wrap = pool.capacity - 1;
  }

  private poolOf(size: number): RingPool {
    const pool = this.pools[size];
    if (pool === undefined) throw new RangeError('no such ring size');
    return pool;
  }

  private changed(): void {
    if (this.windowMs > KEPT_ABOVE_MS) this.records.markChanged(this.slot);
    this.save();
  }

  private save(): void {
    const { words, bytes } = this.record;
    const bytesAt = this.records.bytesAt(this.slot);
    words[this.records.wordsAt(this.slot) + WORD.used] = this.used;
    bytes[bytesAt + BYTE.size] = this.size;
    bytes[bytesAt + BYTE.head] = this.head;
    bytes[bytesAt + BYTE.length] = this.length;
  }
}

const NOTHING_OPEN: { readonly record: RecordChunk; readonly entries: RingChunk } = {
  record: {
    words: new Int32Array(0),
    bytes: new Uint8Array(0),
    floats: new Float64Array(0),
    changed: new Int32Array(0),
  },
  entries: { times: new Float64Array(0), uses: new Uint32Array(0) },
};
