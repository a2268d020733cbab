import type {
  CounterLabels,
  CounterName,
  GaugeLabels,
  GaugeName,
  HistogramLabels,
  HistogramName,
} from '../domain/measurements.ts';

type LabelNames<Labels> = readonly (keyof Labels & string)[];

export type MetricUnit =
  | 'checks'
  | 'connections'
  | 'calls'
  | 'credits'
  | 'seconds'
  | 'bytes'
  | 'keys'
  | 'accounts'
  | 'sessions'
  | 'counters'
  | 'tokens'
  | 'fetches'
  | '';

interface Described {
  /** What a value says, in one sentence without its end. */
  readonly help: string;
  readonly unit: MetricUnit;
}

interface CounterRow<Name extends CounterName> extends Described {
  readonly kind: 'counter';
  readonly labels: LabelNames<CounterLabels[Name]>;
}

interface GaugeRow<Name extends GaugeName> extends Described {
  readonly kind: 'gauge';
  readonly labels: LabelNames<GaugeLabels[Name]>;
}

interface HistogramRow<Name extends HistogramName> extends Described {
  readonly kind: 'histogram';
  readonly labels: LabelNames<HistogramLabels[Name]>;
  readonly buckets: readonly number[];
}

/** A row for every name that may be measured, of its kind and with its labels. */
export type MetricsTable = { readonly [Name in CounterName]: CounterRow<Name> } & {
  readonly [Name in GaugeName]: GaugeRow<Name>;
} & { readonly [Name in HistogramName]: HistogramRow<Name> };

export type Metric = MetricsTable[keyof MetricsTable];
