import type { Contestant, Latency, Results, Round, SteadyLatency } from './contest.ts';
import { shown, spreadOf, tableOf } from './measure.ts';

/** What was measured of the same contestants; what was not is left out of the table. */
export interface Measured {
  readonly loaded: Results<Round>;
  readonly alone?: Results<Latency>;
  /** At half of the highest rate of each. */
  readonly steady?: Results<SteadyLatency>;
}

interface Column {
  readonly title: string;
  readonly cell: (contestant: Contestant, measured: Measured) => string;
}

/** A row for each contestant; the first one is the yardstick of the ratios. */
export function renderContest(measured: Measured): string {
  const [yardstick] = measured.loaded.keys();
  if (yardstick === undefined) throw new Error('nothing was measured');
  const base = cpuOf(yardstick, measured).min;
  const columns = [
    ...CPU,
    { title: 'ratio', cell: (it: Contestant) => shown(cpuOf(it, measured).min / base) },
    ...LOADED,
    ...(measured.alone === undefined ? [] : ALONE),
    ...(measured.steady === undefined ? [] : STEADY),
    ...PROCESS,
  ];
  const rows = [...measured.loaded.keys()].map((it) => [
    it.name,
    ...columns.map(({ cell }) => cell(it, measured)),
  ]);
  return tableOf(['server', ...columns.map(({ title }) => title)], rows);
}

function cpuOf(contestant: Contestant, { loaded }: Measured) {
  return spreadOf(roundsOf(loaded, contestant).map(({ cpuMicros }) => cpuMicros));
}

/** The most that it answered in a second, in any turn. */
export function bestPerSecond(loaded: Results<Round>, contestant: Contestant): number {
  return Math.max(...roundsOf(loaded, contestant).map(({ perSecond }) => perSecond));
}

function roundsOf<Result>(results: Results<Result>, contestant: Contestant): readonly Result[] {
  return results.get(contestant) ?? [];
}

const CPU: readonly Column[] = [
  { title: 'CPU µs per Check (min)', cell: (it, measured) => shown(cpuOf(it, measured).min) },
  { title: '(median)', cell: (it, measured) => shown(cpuOf(it, measured).median) },
];

const LOADED: readonly Column[] = [
  { title: 'Checks/s (best)', cell: (it, { loaded }) => shown(bestPerSecond(loaded, it)) },
  { title: 'p50 / p99 ms loaded', cell: (it, { loaded }) => latencyOf(loaded, it) },
];

const ALONE: readonly Column[] = [
  { title: 'p50 / p99 ms alone', cell: (it, { alone }) => latencyOf(alone, it) },
];

const STEADY: readonly Column[] = [
  { title: 'p50 / p99 ms at half', cell: (it, { steady }) => latencyOf(steady, it) },
  { title: 'p99 ms the load was late', cell: (it, { steady }) => latenessOf(steady, it) },
];

const PROCESS: readonly Column[] = [
  { title: 'RSS MiB', cell: ({ running }) => shown(running.rssMib()) },
  { title: 'start s', cell: ({ running }) => shown(running.startedSeconds) },
];

/** The median of all turns. */
function latenessOf(results: Results<SteadyLatency> | undefined, contestant: Contestant): string {
  const all = results === undefined ? [] : roundsOf(results, contestant);
  return shown(spreadOf(all.map(({ lateP99Ms }) => lateP99Ms)).median);
}

/** The medians of all turns. */
function latencyOf(results: Results<Latency> | undefined, contestant: Contestant): string {
  const all = results === undefined ? [] : roundsOf(results, contestant);
  const median = (of: (latency: Latency) => number): string => shown(spreadOf(all.map(of)).median);
  return `${median(({ p50Ms }) => p50Ms)} / ${median(({ p99Ms }) => p99Ms)}`;
}
