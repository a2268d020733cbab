import type {
  CounterLabels,
  CounterName,
  GaugeLabels,
  GaugeName,
  HistogramLabels,
  HistogramName,
} from '../../src/domain/measurements.ts';

/** PromQL over the metrics there are: the compiler knows every name and label. */

/** Over which interval rates are taken, and of which servers: a board has variables for both, a rule has neither. */
export interface Span {
  readonly interval: string;
  /** Matchers for every series, each with its comma at the end; '' for none. */
  readonly scope: string;
}

export type Query = (span: Span) => string;

type Label<Labels> = keyof Labels & string;

/** Events a second, by labels. */
export function rateOf<Name extends CounterName>(
  name: Name,
  by: readonly Label<CounterLabels[Name]>[],
  matching = '',
): Query {
  return ({ interval, scope }) => sumBy(by, `rate(${name}{${scope}${matching}}[${interval}])`);
}

/** Below which so large a share of the values lies, by labels. */
export function quantileOf<Name extends HistogramName>(
  quantile: number,
  name: Name,
  by: readonly Label<HistogramLabels[Name]>[],
  matching = '',
): Query {
  return ({ interval, scope }) =>
    `histogram_quantile(${quantile}, ${sumBy(['le', ...by], `rate(${name}_bucket{${scope}${matching}}[${interval}])`)})`;
}

/** How many values were measured a second, by labels. */
export function measuredRateOf<Name extends HistogramName>(
  name: Name,
  by: readonly Label<HistogramLabels[Name]>[],
  matching = '',
): Query {
  return ({ interval, scope }) => sumBy(by, `rate(${name}_count{${scope}${matching}}[${interval}])`);
}

/** A gauge of each server, by labels. */
export function valueOf<Name extends GaugeName>(
  name: Name,
  by: readonly (Label<GaugeLabels[Name]> | 'instance')[] = ['instance'],
  matching = '',
): Query {
  return ({ scope }) => sumBy(by, `${name}{${scope}${matching}}`);
}

/** Nothing counted yet means zero. */
export function orZero(query: Query): Query {
  return (span) => `${query(span)} or vector(0)`;
}

export function ratio(part: Query, whole: Query): Query {
  return (span) => `${part(span)} / ${whole(span)}`;
}

function sumBy(labels: readonly string[], expression: string): string {
  return labels.length === 0 ? `sum(${expression})` : `sum by (${labels.join(', ')}) (${expression})`;
}
