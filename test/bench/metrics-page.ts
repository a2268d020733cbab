/** The numbers of `/metrics`, by their series as the page writes it. */
export type MetricsPage = ReadonlyMap<string, number>;

export function fromMetricsText(text: string): MetricsPage {
  const lines = text.split('\n').filter((line) => /^\w/.test(line));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** How much every counter and bucket has grown between two pages. */
export function growthBetween(before: MetricsPage, after: MetricsPage): MetricsPage {
  return new Map([...after].map(([series, value]) => [series, value - (before.get(series) ?? 0)]));
}

export interface HistogramName {
  readonly name: string;
  /** As the page writes it: `thread="edge"`. */
  readonly label: string;
}

/** The bound, in milliseconds, of the last bucket that something fell into: nothing took longer. */
export function slowestOf(grown: MetricsPage, { name, label }: HistogramName): string {
  const upTo = bucketsOf(grown, { name, label });
  const total = upTo.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total === 0) return 'none';
  const bounds = [...upTo.keys()].sort((a, b) => a - b);
  const bound = bounds.find((each) => upTo.get(each) === total) ?? Number.POSITIVE_INFINITY;
  return bound === Number.POSITIVE_INFINITY ? `> ${bounds.at(-2)}` : `≤ ${bound}`;
}

/** How many took longer than a bound of the buckets, in milliseconds. */
export function countBeyond(grown: MetricsPage, histogram: HistogramName, boundMs: number): number {
  const upTo = bucketsOf(grown, histogram);
  return (upTo.get(Number.POSITIVE_INFINITY) ?? 0) - (upTo.get(boundMs) ?? 0);
}

/** How many were at most so long, by milliseconds; added up where several series have the label. */
function bucketsOf(grown: MetricsPage, { name, label }: HistogramName): ReadonlyMap<number, number> {
  const upTo = new Map<number, number>();
  for (const [series, value] of grown) {
    if (!series.startsWith(`${name}_bucket{`) || !series.includes(label)) continue;
    const le = /le="([^"]+)"/.exec(series)?.[1] ?? '';
    const boundMs = le === '+Inf' ? Number.POSITIVE_INFINITY : Number((Number(le) * 1_000).toFixed(6));
    upTo.set(boundMs, (upTo.get(boundMs) ?? 0) + value);
  }
  return upTo;
}
