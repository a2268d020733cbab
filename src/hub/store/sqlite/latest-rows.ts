import { WINDOW_WORDS } from '../../../domain/window-batch.ts';
import type { WindowBatch } from '../../../domain/window-batch.ts';

const BUCKET_BITS = 16;
/** Windows remembered of those whose bits fall into one bucket: with fewer, busy ones would drive each other out. */
const BUCKET_SLOTS = 4;
const SLOT_BYTES = 32;
const WORDS = SLOT_BYTES / 4;
const FLOATS = SLOT_BYTES / 8;
/** Where a slot's fields lie: words and floats are views of the same bytes. The words are the first four of the window in its batch. */
const NAME_WORDS = 4;
const FLOAT = { windowMs: 2, seq: 3 } as const;

type Windows = Pick<WindowBatch, 'words' | 'numbers'>;

/**
 * Which row of the log told of a window last, for up to 262,144 windows in 8 MiB. It may have forgotten any of them, but what it
 * says is true: so a window that is told of every second need not be written for each row that leaves the log.
 */
export class LatestRows {
  private readonly words: Int32Array;
  private readonly floats: Float64Array;

  constructor() {
    const bytes = new ArrayBuffer((BUCKET_SLOTS << BUCKET_BITS) * SLOT_BYTES);
    this.words = new Int32Array(bytes);
    this.floats = new Float64Array(bytes);
  }

  /** This committed row tells of these windows. Rows in the order of their numbers, which begin at 1. */
  note(windows: Windows, seq: number): void {
    for (let index = 0; index < windows.numbers.length; index += 1) {
      const slot = this.slotFor(windows, index);
      for (let word = 0; word < NAME_WORDS; word += 1)
        this.words[slot * WORDS + word] = windows.words[index * WINDOW_WORDS + word] ?? 0;
      this.floats[slot * FLOATS + FLOAT.windowMs] = windows.numbers[index] ?? 0;
      this.floats[slot * FLOATS + FLOAT.seq] = seq;
    }
  }

  /** True only where a row with a greater number told of the window at this place of a batch. */
  isToldAfter(windows: Windows, index: number, seq: number): boolean {
    const slot = this.find(windows, index);
    return slot !== -1 && this.seqOf(slot) > seq;
  }

  /** The window's own slot, else the one in its bucket of which was told longest ago. */
  private slotFor(windows: Windows, index: number): number {
    const known = this.find(windows, index);
    if (known !== -1) return known;
    const first = firstSlotOf(windows, index);
    let oldest = first;
    for (let slot = first + 1; slot < first + BUCKET_SLOTS; slot += 1)
      if (this.seqOf(slot) < this.seqOf(oldest)) oldest = slot;
    return oldest;
  }

  private find(windows: Windows, index: number): number {
    const first = firstSlotOf(windows, index);
    for (let slot = first; slot < first + BUCKET_SLOTS; slot += 1)
      if (this.holds(slot, windows, index)) return slot;
    return -1;
  }

  private holds(slot: number, windows: Windows, index: number): boolean {
    for (let word = 0; word < NAME_WORDS; word += 1)
      if (this.words[slot * WORDS + word] !== windows.words[index * WINDOW_WORDS + word]) return false;
    return this.floats[slot * FLOATS + FLOAT.windowMs] === windows.numbers[index];
  }

  private seqOf(slot: number): number {
    return this.floats[slot * FLOATS + FLOAT.seq] ?? 0;
  }
}

/** A subject's bits are random and nobody's choice; what is mixed in keeps the windows of one subject apart. */
function firstSlotOf({ words, numbers }: Windows, index: number): number {
  const at = index * WINDOW_WORDS;
  const mixed = Math.imul(((numbers[index] ?? 0) << 2) | (words[at + 3] ?? 0), 0x9e3779b1);
  return (((words[at] ?? 0) ^ mixed ^ (mixed >>> 16)) & ((1 << BUCKET_BITS) - 1)) * BUCKET_SLOTS;
}
