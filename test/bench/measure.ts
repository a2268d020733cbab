import { readFileSync, readdirSync } from 'node:fs';

/** Minimum and median of several runs. */
export interface Spread {
  readonly min: number;
  readonly median: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { min: sorted[0] ?? Number.NaN, median: median ?? Number.NaN };
}

/** Half and all but a hundredth of so many milliseconds lie below these. Sorts them. */
export function percentilesOf(values: Float64Array): { readonly p50Ms: number; readonly p99Ms: number } {
  const sorted = values.sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Clock ticks a second in /proc; Linux has had 100 on every machine for decades. */
const TICKS_PER_SECOND = 100;

/** CPU time of a process with all its threads, user and system, in microseconds. Linux only. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field, the command, is in parentheses and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / TICKS_PER_SECOND) * 1_000_000;
}

/** Resident memory of a process, in MiB. Linux only. */
export function rssMibOf(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return (pages * 4096) / 2 ** 20;
}

/** How long the threads of a process were ready and had no core to run on, all together, in seconds. Linux only. */
export function waitedForCoresSecondsOf(pid: number): number {
  const waited = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[1]),
  );
  return waited.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}

/** Columns under their titles, for a terminal and for Markdown alike. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, titles.map(() => '---'), ...rows];
  return all.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
