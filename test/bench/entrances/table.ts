import { shown, spreadOf, tableOf } from '../measure.ts';

/** One load through one gateway. */
export interface Run {
  /** Of all processes of the gateway, for each request, user and system. */
  readonly gatewayMicros: number;
  /** Of Tollgate's; it answers one check a request. */
  readonly tollgateMicros: number;
  /** Of the load and of the application, which run on the same cores. */
  readonly aroundMicros: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** All runs through one gateway, with its recipe and with the same one without the check. */
export interface Measured {
  readonly name: string;
  readonly unchecked: readonly Run[];
  readonly checked: readonly Run[];
}

const TITLES = [
  'gateway',
  'its CPU µs per request without the check',
  'with it',
  'Tollgate’s CPU µs per check',
  'Tollgate ÷ gateway',
  'requests/s',
  'p50 ms',
  'p99 ms',
];

/**
 * A row for each gateway. CPU: the least of its runs and, in parentheses, their median. The rest: without the check → with it, the
 * best rate and the medians of p50 and p99.
 */
export function renderEntrances(measured: readonly Measured[]): string {
  return tableOf(TITLES, measured.map(toRow));
}

function toRow(measured: Measured): readonly string[] {
  const { name, unchecked, checked } = measured;
  const both = (show: (runs: readonly Run[]) => string): string => `${show(unchecked)} → ${show(checked)}`;
  return [
    name,
    cpuOf(unchecked, ({ gatewayMicros }) => gatewayMicros),
    cpuOf(checked, ({ gatewayMicros }) => gatewayMicros),
    cpuOf(checked, ({ tollgateMicros }) => tollgateMicros),
    shown(shareOf(measured)),
    both((runs) => Math.max(...runs.map(({ perSecond }) => perSecond)).toFixed(0)),
    both((runs) => shown(spreadOf(runs.map(({ p50Ms }) => p50Ms)).median)),
    both((runs) => shown(spreadOf(runs.map(({ p99Ms }) => p99Ms)).median)),
  ];
}

function cpuOf(runs: readonly Run[], of: (run: Run) => number): string {
  const { min, median } = spreadOf(runs.map(of));
  return `${shown(min)} (${shown(median)})`;
}

/** What Tollgate takes for a check, as a part of what the gateway takes for the request that was checked: least beside least. */
export function shareOf({ checked }: Measured): number {
  const least = (of: (run: Run) => number): number => spreadOf(checked.map(of)).min;
  return least(({ tollgateMicros }) => tollgateMicros) / least(({ gatewayMicros }) => gatewayMicros);
}
