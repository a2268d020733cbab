import { Histogram } from 'prom-client';
import type { HistogramConfiguration } from 'prom-client';
import type { Bucketed } from '../domain/bucket-counts.ts';

type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly labels: Labels;
  readonly counts: Float64Array;
  sum: number;
}

export interface CountedHistogramOptions extends Pick<
  HistogramConfiguration<string>,
  'name' | 'help' | 'registers'
> {
  readonly labelNames: readonly string[];
  /** In ascending order. */
  readonly bounds: readonly number[];
}

/** A histogram that takes whole buckets: values were counted where they arose, and only counts travel. */
export class CountedHistogram extends Histogram<string> {
  /** The library asks for this one before `get`, and would find its own empty series there. */
  readonly getForPromString = undefined;
  private readonly told: CountedHistogramOptions;
  private readonly series = new Map<string, Series>();

  constructor(options: CountedHistogramOptions) {
    const { bounds, ...rest } = options;
    super({ ...rest, buckets: [...bounds] });
    this.told = options;
  }

  /** Adds counts that were made with the same bounds. */
  take(labels: Labels, { counts, sum }: Bucketed): void {
    if (counts.length !== this.told.bounds.length + 1) throw new RangeError('counts of other buckets');
    const series = this.seriesOf(labels);
    for (const [bucket, count] of counts.entries()) {
      series.counts[bucket] = (series.counts[bucket] ?? 0) + count;
    }
    series.sum += sum;
  }

  override get(): ReturnType<Histogram<string>['get']> {
    const { name, help } = this.told;
    const values = [...this.series.values()].flatMap((series) => this.valuesOf(series));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values, collect() {} });
  }

  private seriesOf(labels: Labels): Series {
    const identity = this.told.labelNames.map((label) => labels[label] ?? '').join('|');
    const known = this.series.get(identity);
    if (known !== undefined) return known;
    const made = { labels, counts: new Float64Array(this.told.bounds.length + 1), sum: 0 };
    this.series.set(identity, made);
    return made;
  }

  /** Cumulative, as the exposition format wants them. */
  private valuesOf({ labels, counts, sum }: Series) {
    const { name, bounds } = this.told;
    let count = 0;
    const buckets = [...counts].map((each, bucket) => {
      count += each;
      const le = bounds[bucket] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
