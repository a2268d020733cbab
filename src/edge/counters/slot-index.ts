import type { CounterName, CounterRecords } from './records.ts';
import { hashOf } from './records.ts';

/** Segments double one by one, so no insertion moves more than 1/256 of the table. */
const SEGMENTS = 256;
const SEGMENT_SHIFT = 24;
const CELLS_AT_START = 16;
/** A cell is a hash and a slot + 1; 0 marks an empty one. The hash spares a look at records that are not meant. */
const CELL_WORDS = 2;

interface Segment {
  cells: Int32Array;
  /** Number of cells − 1; cells are a power of two. */
  mask: number;
  size: number;
}

/** From a counter's name to its slot: open addressing with linear probing, at most three quarters full, no tombstones. */
export class SlotIndex {
  private readonly records: CounterRecords;
  private readonly segments: readonly Segment[];

  constructor(records: CounterRecords) {
    this.records = records;
    this.segments = Array.from({ length: SEGMENTS }, () => createSegment(CELLS_AT_START));
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.cells.byteLength, 0);
  }

  /** The slot of a counter; -1 where there is none. */
  find(name: CounterName): number {
    const hash = hashOf(name);
    const { cells, mask } = this.segmentOf(hash);
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const slot = (cells[cell * CELL_WORDS + 1] ?? 0) - 1;
      if (slot === -1) return -1;
      if (cells[cell * CELL_WORDS] === hash && this.records.matches(slot, name)) return slot;
    }
  }

  /** Adds a slot that is not in the index. */
  insert(slot: number): void {
    const hash = this.records.hash(slot);
    const segment = this.segmentOf(hash);
    if ((segment.size + 1) * 4 > (segment.mask + 1) * 3) grow(segment);
    put(segment, hash, slot + 1);
    segment.size += 1;
  }

  /** Takes out a slot that is in the index, while its record still says what it counts. */
  remove(slot: number): void {
    const hash = this.records.hash(slot);
    const segment = this.segmentOf(hash);
    const { cells, mask } = segment;
    let cell = hash & mask;
    while (cells[cell * CELL_WORDS + 1] !== slot + 1) {
      if (cells[cell * CELL_WORDS + 1] === 0) throw new RangeError('a counter is not in its index');
      cell = (cell + 1) & mask;
    }
    close(segment, cell);
    segment.size -= 1;
  }

  private segmentOf(hash: number): Segment {
    const segment = this.segments[hash >>> SEGMENT_SHIFT];
    if (segment === undefined) throw new RangeError('no such segment');
    return segment;
  }
}

function createSegment(cells: number): Segment {
  return { cells: new Int32Array(cells * CELL_WORDS), mask: cells - 1, size: 0 };
}

function put({ cells, mask }: Segment, hash: number, mark: number): void {
  let cell = hash & mask;
  while (cells[cell * CELL_WORDS + 1] !== 0) cell = (cell + 1) & mask;
  cells[cell * CELL_WORDS] = hash;
  cells[cell * CELL_WORDS + 1] = mark;
}

function grow(segment: Segment): void {
  const wider = createSegment((segment.mask + 1) * 2);
  for (let at = 0; at < segment.cells.length; at += CELL_WORDS) {
    const mark = segment.cells[at + 1] ?? 0;
    if (mark !== 0) put(wider, segment.cells[at] ?? 0, mark);
  }
  segment.cells = wider.cells;
  segment.mask = wider.mask;
}

/** Empties a cell and moves back what was pushed past it, so that every probe still ends at the first empty cell. */
function close({ cells, mask }: Segment, emptied: number): void {
  let hole = emptied;
  for (let cell = (hole + 1) & mask; ; cell = (cell + 1) & mask) {
    const mark = cells[cell * CELL_WORDS + 1] ?? 0;
    if (mark === 0) break;
    const hash = cells[cell * CELL_WORDS] ?? 0;
    const home = hash & mask;
    if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
    cells[hole * CELL_WORDS] = hash;
    cells[hole * CELL_WORDS + 1] = mark;
    hole = cell;
  }
  cells[hole * CELL_WORDS] = 0;
  cells[hole * CELL_WORDS + 1] = 0;
}
