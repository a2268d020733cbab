/** How many values fell into each bucket, and their sum: a histogram's growth, ready to cross a thread. */
export interface Bucketed {
  /** One count for each bound (values above the bound before and up to it), and a last one for what is above all of them. */
  readonly counts: Float64Array;
  readonly sum: number;
}

/** Counts values in buckets between two looks at them: two writes into memory a value, and no object. */
export class BucketCounts {
  private readonly bounds: readonly number[];
  private readonly counts: Float64Array;
  private sum = 0;
  private any = false;

  /** `bounds`: the upper ends of the buckets, ascending, each belonging to its bucket. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** A value below zero counts as zero: clocks of two threads may disagree by a little. */
  add(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    if (value > 0) this.sum += value;
    this.any = true;
  }

  /** What has come together since the last call; undefined when nothing has. */
  drain(): Bucketed | undefined {
    if (!this.any) return undefined;
    const bucketed = { counts: this.counts.slice(), sum: this.sum };
    this.counts.fill(0);
    this.sum = 0;
    this.any = false;
    return bucketed;
  }
}
