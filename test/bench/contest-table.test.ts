import { expect, test } from 'vitest';
import { bestPerSecond, renderContest } from './contest-table.ts';
import type { Round } from './contest.ts';
import { idleContestant } from './idle-contestant.ts';

const FAST = idleContestant('fast');
const SLOW = idleContestant('slow');
const LOADED = new Map([
  [FAST, [round(22, 900), round(20, 1_000), round(24, 800)]],
  [SLOW, [round(50, 400)]],
]);

test('a table shows the least and the median, and how many times the first one’s least each needs', () => {
  const [titles, , fast, slow] = renderContest({ loaded: LOADED }).split('\n');
  expect(titles).toBe(
    '| server | CPU µs per Check (min) | (median) | ratio | Checks/s (best) | p50 / p99 ms loaded | RSS MiB | start s |',
  );
  expect(fast).toBe('| fast | 20.0 | 22.0 | 1.00 | 1000 | 1.00 / 2.00 | 64.0 | 0.50 |');
  expect(slow).toBe('| slow | 50.0 | 50.0 | 2.50 | 400 | 1.00 / 2.00 | 64.0 | 0.50 |');
});

test('latencies alone and at half are shown where they were measured, as medians of their turns', () => {
  const turns = [
    { p50Ms: 0.1, p99Ms: 0.9, lateP99Ms: 0.7 },
    { p50Ms: 0.3, p99Ms: 0.5, lateP99Ms: 0.3 },
    { p50Ms: 0.2, p99Ms: 0.4, lateP99Ms: 0.6 },
  ];
  const measured = new Map([...LOADED.keys()].map((it) => [it, turns] as const));
  const [titles, , fast] = renderContest({ loaded: LOADED, alone: measured, steady: measured }).split('\n');
  expect(titles).toContain('| p50 / p99 ms alone | p50 / p99 ms at half | p99 ms the load was late |');
  expect(fast).toContain('| 0.20 / 0.50 | 0.20 / 0.50 | 0.60 |');
});

test('the highest rate is that of the best turn', () => {
  expect(bestPerSecond(LOADED, FAST)).toBe(1_000);
});

test('there is no table of nothing', () => {
  expect(() => renderContest({ loaded: new Map() })).toThrow('nothing was measured');
});

function round(cpuMicros: number, perSecond: number): Round {
  return { cpuMicros, perSecond, p50Ms: 1, p99Ms: 2 };
}
