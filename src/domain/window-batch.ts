import { LIMIT_SCOPES } from './limit.ts';
import type { LimitScope, Subject } from './limit.ts';

/*
 * What limits have counted, on its way between an edge and its hub: fixed-width records in typed arrays, entries beside them.
 * Times are the counters' own: they run with the monotonic clock while a process lives, and go on where it stopped.
 */

/** Where the counters' own time stood at one instant of the wall clock. */
export interface CounterClock {
  readonly counterMs: number;
  readonly wallMs: number;
}

export interface WindowBatch {
  /** When the batch was packed. */
  readonly clock: CounterClock;
  /** WINDOW_WORDS for each window: its subject's three, its scope's number, how many entries it has. */
  readonly words: Int32Array;
  /** The length of each window, in milliseconds. */
  readonly numbers: Float64Array;
  /** Those of all windows, one after the other. */
  readonly entries: Float64Array;
}

export const WINDOW_WORDS = 5;

/** Windows in one batch: written in one transaction, for which charges wait some milliseconds at most. */
export const WINDOW_BATCH_MAX = 256;
/** Entries of one window: as many as a counter has at most. */
export const WINDOW_ENTRIES_MAX = 64;
/** Entries of all windows in one batch: 64 KiB of them. */
export const WINDOW_BATCH_ENTRIES_MAX = 4_096;
/** Numbers of an entry: the time of its last use, and how many uses it holds. */
export const ENTRY_NUMBERS = 2;

/** One window of one subject, whatever the count of its limit. */
export interface WindowRecord {
  readonly subject: Subject;
  readonly scope: LimitScope;
  readonly windowMs: number;
  /** ENTRY_NUMBERS for each entry, oldest first; empty where nothing counts any more. A view: copy what is kept. */
  readonly entries: Float64Array;
}

/** Gathers windows into one batch until it is full: `begin` a window, then `add` its entries. */
export class WindowWriter {
  private readonly words = new Int32Array(WINDOW_BATCH_MAX * WINDOW_WORDS);
  private readonly numbers = new Float64Array(WINDOW_BATCH_MAX);
  private readonly entries = new Float64Array(WINDOW_BATCH_ENTRIES_MAX * ENTRY_NUMBERS);
  private count = 0;
  private entryCount = 0;

  /** Whether another window, with as many entries as one can have, might not fit. */
  get full(): boolean {
    return this.count === WINDOW_BATCH_MAX || this.entryCount > WINDOW_BATCH_ENTRIES_MAX - WINDOW_ENTRIES_MAX;
  }

  get size(): number {
    return this.count;
  }

  begin({ subject, scope, windowMs }: Omit<WindowRecord, 'entries'>): void {
    if (this.full) throw new RangeError('a batch of windows is full');
    const { word0, word1, word2 } = subject;
    this.words.set([word0, word1, word2, LIMIT_SCOPES.indexOf(scope), 0], this.count * WINDOW_WORDS);
    this.numbers[this.count] = windowMs;
    this.count += 1;
  }

  /** Adds an entry, younger than those before it, to the window that was begun last. */
  add(lastMs: number, uses: number): void {
    const lengthAt = this.count * WINDOW_WORDS - 1;
    const length = this.words[lengthAt] ?? WINDOW_ENTRIES_MAX;
    if (length === WINDOW_ENTRIES_MAX) throw new RangeError('a window has too many entries');
    this.words[lengthAt] = length + 1;
    this.entries[this.entryCount * ENTRY_NUMBERS] = lastMs;
    this.entries[this.entryCount * ENTRY_NUMBERS + 1] = uses;
    this.entryCount += 1;
  }

  /** What was gathered, and an empty writer: its arrays are used again. */
  take(clock: CounterClock): WindowBatch {
    const batch = {
      clock,
      words: this.words.slice(0, this.count * WINDOW_WORDS),
      numbers: this.numbers.slice(0, this.count),
      entries: this.entries.slice(0, this.entryCount * ENTRY_NUMBERS),
    };
    this.count = 0;
    this.entryCount = 0;
    return batch;
  }
}

/** Every window of a batch whose place in it is wanted, in the order in which they were written. Default: all. */
export function* readWindows(
  { words, numbers, entries }: Omit<WindowBatch, 'clock'>,
  isWanted: (index: number) => boolean = () => true,
): Generator<WindowRecord> {
  let entriesAt = 0;
  for (let index = 0; index < numbers.length; index += 1) {
    const at = index * WINDOW_WORDS;
    const entriesEnd = entriesAt + (words[at + 4] ?? 0) * ENTRY_NUMBERS;
    if (isWanted(index)) {
      yield {
        subject: { word0: words[at] ?? 0, word1: words[at + 1] ?? 0, word2: words[at + 2] ?? 0 },
        scope: LIMIT_SCOPES[words[at + 3] ?? 0] ?? 'key',
        windowMs: numbers[index] ?? 0,
        entries: entries.subarray(entriesAt, entriesEnd),
      };
    }
    entriesAt = entriesEnd;
  }
}
