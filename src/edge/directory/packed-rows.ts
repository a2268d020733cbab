/** Large pages, so that the few objects that describe them stay in the processor's cache. */
const PAGE_ROWS = 4_096;
/** 16 million rows: more means that something else than keys and sessions stands in the feed. */
const PAGES_MAX = 4_096;
const NONE = -1;

interface Page {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly numbers: Float64Array;
}

/**
 * Rows of a fixed width in pages of typed arrays: nothing for a garbage collector to walk. A row keeps its number for as long as it is taken;
 * a page stays where it is, so that no insertion copies what is there.
 */
export class PackedRows {
  private readonly rowWords: number;
  private readonly rowNumbers: number;
  private readonly pages: Page[] = [];
  private made = 0;
  private taken = 0;
  /** The free row that was released last; its first word names the one before. */
  private free = NONE;

  /** @param rowWords - 32-bit words of a row, at least one. */
  constructor(rowWords: number, rowNumbers: number) {
    this.rowWords = rowWords;
    this.rowNumbers = rowNumbers;
  }

  get size(): number {
    return this.taken;
  }

  /**
   * The number of a row that was not taken; what stands in it is left over.
   * @throws RangeError where all are taken.
   */
  take(): number {
    const row = this.free === NONE ? this.make() : this.free;
    if (row === this.free) this.free = this.word(row, 0);
    this.taken += 1;
    return row;
  }

  release(row: number): void {
    this.setWord(row, 0, this.free);
    this.free = row;
    this.taken -= 1;
  }

  word(row: number, at: number): number {
    return this.pageOf(row).words[(row % PAGE_ROWS) * this.rowWords + at] ?? 0;
  }

  setWord(row: number, at: number, value: number): void {
    this.pageOf(row).words[(row % PAGE_ROWS) * this.rowWords + at] = value;
  }

  number(row: number, at: number): number {
    return this.pageOf(row).numbers[(row % PAGE_ROWS) * this.rowNumbers + at] ?? 0;
  }

  setNumber(row: number, at: number, value: number): void {
    this.pageOf(row).numbers[(row % PAGE_ROWS) * this.rowNumbers + at] = value;
  }

  /** The bytes of a row's words from a word on: a view, to be read or written at once. */
  bytes(row: number, fromWord: number, count: number): Uint8Array {
    const at = 4 * ((row % PAGE_ROWS) * this.rowWords + fromWord);
    return this.pageOf(row).bytes.subarray(at, at + count);
  }

  private make(): number {
    if (this.made === this.pages.length * PAGE_ROWS) this.addPage();
    this.made += 1;
    return this.made - 1;
  }

  private addPage(): void {
    if (this.pages.length === PAGES_MAX) throw new RangeError('a table of the directory is full');
    const words = new Int32Array(PAGE_ROWS * this.rowWords);
    const bytes = new Uint8Array(words.buffer);
    this.pages.push({ words, bytes, numbers: new Float64Array(PAGE_ROWS * this.rowNumbers) });
  }

  private pageOf(row: number): Page {
    const page = this.pages[Math.floor(row / PAGE_ROWS)];
    if (page === undefined) throw new RangeError('no such row of a table');
    return page;
  }
}
