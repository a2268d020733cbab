/** Segments grow one by one, each in well under a millisecond. */
const SEGMENTS = 256;
/** The highest bits of a hash choose the segment, the lowest the cell. */
const SEGMENT_SHIFT = 24;
const CELLS_MIN = 8;
/** Fuller than this, probes get long. */
const LOAD_MAX = 0.75;

export const NOT_INDEXED = -1;

/** What an index asks of the records that it points at. */
export interface Indexed<Name> {
  /** 32 evenly spread bits, which no client can choose. */
  hashOf(name: Name): number;
  /** The same bits for a record that is in the index. */
  hashAt(record: number): number;
  isNamed(record: number, name: Name): boolean;
}

interface Segment {
  /** A record's number plus one; 0 is a free cell. Floats, because a store's numbers are whole up to 2^53. */
  cells: Float64Array;
  size: number;
}

/** From names to numbers of records that lie elsewhere: open addressing with linear probing, without tombstones. */
export class PackedIndex<Name> {
  private readonly records: Indexed<Name>;
  private readonly segments: readonly Segment[] = Array.from({ length: SEGMENTS }, () => ({
    cells: new Float64Array(CELLS_MIN),
    size: 0,
  }));

  constructor(records: Indexed<Name>) {
    this.records = records;
  }

  /** The record of that name; NOT_INDEXED where there is none. */
  find(name: Name): number {
    const hash = this.records.hashOf(name);
    const { cells } = this.segmentOf(hash);
    // A free cell always ends the walk: no segment is ever full.
    for (let at = hash & (cells.length - 1); ; at = (at + 1) & (cells.length - 1)) {
      const record = (cells[at] ?? 0) - 1;
      if (record === NOT_INDEXED || this.records.isNamed(record, name)) return record;
    }
  }

  /** From now on the name means this record, which bears it already; another one that was found by it is here no more. */
  put(name: Name, record: number): void {
    const known = this.find(name);
    if (known === record) return;
    if (known !== NOT_INDEXED) this.remove(known);
    this.add(record);
  }

  /** Takes the record out, which still bears the name; does nothing where the name means another. */
  drop(name: Name, record: number): void {
    if (this.find(name) === record) this.remove(record);
  }

  /** The record `from`, which is here under this hash, has another number now. */
  renumber(hash: number, from: number, to: number): void {
    const { cells } = this.segmentOf(hash);
    cells[cellOf(cells, hash, from)] = to + 1;
  }

  private add(record: number): void {
    const hash = this.records.hashAt(record);
    const segment = this.segmentOf(hash);
    if (segment.size + 1 > segment.cells.length * LOAD_MAX) this.grow(segment);
    place(segment.cells, hash, record);
    segment.size += 1;
  }

  private remove(record: number): void {
    const hash = this.records.hashAt(record);
    const segment = this.segmentOf(hash);
    this.freeCell(segment.cells, cellOf(segment.cells, hash, record));
    segment.size -= 1;
  }

  /** Empties a cell and moves later ones of its run into the gap, so that no search ends too early. */
  private freeCell(cells: Float64Array, cell: number): void {
    const mask = cells.length - 1;
    let gap = cell;
    for (let at = (gap + 1) & mask; cells[at] !== 0; at = (at + 1) & mask) {
      const home = this.records.hashAt((cells[at] ?? 0) - 1) & mask;
      // A record may move back only as far as its home.
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      cells[gap] = cells[at] ?? 0;
      gap = at;
    }
    cells[gap] = 0;
  }

  private grow(segment: Segment): void {
    const wider = new Float64Array(segment.cells.length * 2);
    for (const cell of segment.cells) if (cell !== 0) place(wider, this.records.hashAt(cell - 1), cell - 1);
    segment.cells = wider;
  }

  private segmentOf(hash: number): Segment {
    const segment = this.segments[hash >>> SEGMENT_SHIFT];
    if (segment === undefined) throw new RangeError('no such segment of an index');
    return segment;
  }
}

function place(cells: Float64Array, hash: number, record: number): void {
  const mask = cells.length - 1;
  let at = hash & mask;
  while (cells[at] !== 0) at = (at + 1) & mask;
  cells[at] = record + 1;
}

/** Where a record that is here lies. */
function cellOf(cells: Float64Array, hash: number, record: number): number {
  const mask = cells.length - 1;
  let at = hash & mask;
  while (cells[at] !== record + 1) {
    if (cells[at] === 0) throw new RangeError('a record is not in its index');
    at = (at + 1) & mask;
  }
  return at;
}
