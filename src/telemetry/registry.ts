import { Counter, Gauge, Registry } from 'prom-client';
import { API_NONE, decisionOf } from '../domain/measurements.ts';
import type { Measurements } from '../domain/measurements.ts';
import type { CheckCount } from '../domain/report.ts';
import { CountedHistogram } from './counted-histogram.ts';
import { METRIC_ROWS } from './metrics.ts';

export interface MetricsRegistry {
  readonly contentType: string;
  take(measured: Measurements): void;
  takeChecks(checks: readonly CheckCount[]): void;
  /** Everything taken so far, in Prometheus' text format. */
  render(): Promise<string>;
}

/** Holds the series of the table of metrics, and no others. */
export function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry();
  const { counters, gauges, histograms } = createMetrics(registry);
  return {
    contentType: registry.contentType,
    take({ increments, levels, observations }) {
      for (const { metric, labels, by } of increments) demand(counters, metric).inc(toNamed(labels), by);
      for (const { metric, labels, value } of levels) demand(gauges, metric).set(toNamed(labels), value);
      for (const { metric, labels, bucketed } of observations) {
        demand(histograms, metric).take(toNamed(labels), bucketed);
      }
    },
    takeChecks(checks) {
      const counter = demand(counters, 'tollgate_checks_total');
      for (const { api, gateway, code, count } of checks) {
        counter.inc(toNamed({ api, gateway, decision: decisionOf(code), code }), count);
      }
    },
    render: () => registry.metrics(),
  };
}

function createMetrics(registry: Registry) {
  const counters = new Map<string, Counter<string>>();
  const gauges = new Map<string, Gauge<string>>();
  const histograms = new Map<string, CountedHistogram>();
  for (const [name, row] of METRIC_ROWS) {
    const options = { name, help: row.help, labelNames: row.labels, registers: [registry] };
    if (row.kind === 'counter') counters.set(name, new Counter<string>(options));
    else if (row.kind === 'gauge') gauges.set(name, new Gauge<string>(options));
    else histograms.set(name, new CountedHistogram({ ...options, bounds: row.buckets }));
  }
  return { counters, gauges, histograms };
}

function demand<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name);
  if (metric === undefined) throw new RangeError(`the table has no metric ${name} of this kind`);
  return metric;
}

/** An empty label is none to Prometheus: requests of no API get a word of their own. */
function toNamed(labels: Readonly<Record<string, string>>): Record<string, string> {
  return labels['api'] === '' ? { ...labels, api: API_NONE } : { ...labels };
}
