export interface WordCountsOptions<Word extends string, Counted> {
  readonly apis: readonly string[];
  readonly words: readonly Word[];
  /** What a count that is not 0 is told as. */
  readonly to: (api: string, word: Word, count: number) => Counted;
}

/** Counts pairs of an API and a word, both from closed sets, in one typed array: two look-ups and one write a count. */
export class WordCounts<Word extends string, Counted> {
  private readonly options: WordCountsOptions<Word, Counted>;
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly columnOf: ReadonlyMap<string, number>;
  private readonly cells: Float64Array;

  constructor(options: WordCountsOptions<Word, Counted>) {
    const { apis, words } = options;
    this.options = options;
    this.rowOf = new Map(apis.map((api, index) => [api, index * words.length]));
    this.columnOf = new Map(words.map((word, column) => [word, column]));
    this.cells = new Float64Array(apis.length * words.length);
  }

  /** False where the pair is in no set: it is not counted, so that no set can grow. */
  add(api: string, word: string, by = 1): boolean {
    const row = this.rowOf.get(api);
    const column = this.columnOf.get(word);
    if (row === undefined || column === undefined) return false;
    this.cells[row + column] = (this.cells[row + column] ?? 0) + by;
    return true;
  }

  /** What has come together since the last call. */
  drain(): Counted[] {
    const { apis, words, to } = this.options;
    const counted: Counted[] = [];
    for (const [index, count] of this.cells.entries()) {
      const api = apis[Math.floor(index / words.length)];
      const word = words[index % words.length];
      if (count !== 0 && api !== undefined && word !== undefined) counted.push(to(api, word, count));
    }
    this.cells.fill(0);
    return counted;
  }
}
