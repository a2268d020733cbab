import { beforeEach, describe, expect, test } from 'vitest';
import { NOTHING_MEASURED } from '../../../src/domain/measurements.ts';
import type { Increment, Level } from '../../../src/domain/measurements.ts';
import { EDGE_SILENCE_MAX_MS, TROUBLE_SHOWN_MS, createHealth } from '../../../src/telemetry/health.ts';
import type { Health } from '../../../src/telemetry/health.ts';

describe('readiness', () => {
  let nowMs: number;
  let health: Health;
  beforeEach(() => {
    nowMs = 1_000;
    health = createHealth(() => nowMs);
  });

  function lineOf(part: string): string {
    return (
      health
        .look()
        .text.split('\n')
        .find((line) => line.startsWith(`${part}:`)) ?? ''
    );
  }

  test('begins with the edge that knows everything and listens, and not before', () => {
    health.edgeHeard();
    expect(health.look().ready).toBe(false);
    expect(health.look().text).toMatch(/^not ready\nedge: starting\n/);
    health.edgeServes();
    expect(health.look().ready).toBe(true);
    expect(health.look().text).toMatch(/^ready\nedge: serving\n/);
  });

  test('ends when the server is told to stop, and does not come back', () => {
    health.edgeServes();
    health.stopping();
    health.edgeServes();
    health.edgeHeard();
    expect(health.look()).toMatchObject({ ready: false });
    expect(lineOf('edge')).toBe('edge: stopping');
  });

  test('a server that is stopped while it starts is never ready', () => {
    health.stopping();
    health.edgeServes();
    expect(health.look().ready).toBe(false);
  });

  test('ends while the edge is silent, and comes back with its next word', () => {
    health.edgeServes();
    nowMs += EDGE_SILENCE_MAX_MS - 1;
    expect(health.look().ready).toBe(true);
    nowMs += 1;
    expect(health.look().ready).toBe(false);
    expect(lineOf('edge')).toBe('edge: silent for 5 s');
    health.edgeHeard();
    expect(health.look().ready).toBe(true);
  });

  test.each(['tollgate_outages_total', 'tollgate_degraded_total'] as const)(
    'stays where a dependency is down, which the text says: %s',
    (metric) => {
      health.edgeServes();
      expect(lineOf('credits')).toBe('credits: well');
      health.take({ ...NOTHING_MEASURED, increments: [failed(metric, 2), failed(metric, 3)] });
      nowMs += 2_500;
      health.edgeHeard();
      expect(health.look().ready).toBe(true);
      expect(lineOf('credits')).toBe('credits: not well: did not answer 5 checks, 2 s ago');
      nowMs += TROUBLE_SHOWN_MS - 2_500;
      expect(lineOf('credits')).toBe('credits: well');
    },
  );

  test('a series that stands at 0 is no trouble', () => {
    health.take({ ...NOTHING_MEASURED, increments: [failed('tollgate_outages_total', 0)] });
    expect(lineOf('credits')).toBe('credits: well');
  });

  test('says which operation of the store failed', () => {
    const bucketed = { counts: Float64Array.of(1), sum: 1 };
    const labels = { store: 'sqlite', operation: 'checkpoint' } as const;
    const observation = { metric: 'tollgate_store_seconds', bucketed } as const;
    health.take({
      ...NOTHING_MEASURED,
      observations: [{ ...observation, labels: { ...labels, outcome: 'ok' } }],
    });
    expect(lineOf('store')).toBe('store: well');
    health.take({
      ...NOTHING_MEASURED,
      observations: [{ ...observation, labels: { ...labels, outcome: 'outage' } }],
    });
    expect(lineOf('store')).toBe('store: not well: checkpoint failed, 0 s ago');
  });

  test('says how much the edge knows and counts', () => {
    const levels = [
      level('tollgate_keys', 7),
      level('tollgate_accounts', 3),
      level('tollgate_counters', 5),
      level('tollgate_counters_max', 9),
    ];
    health.take({ ...NOTHING_MEASURED, levels });
    expect(lineOf('directory')).toBe('directory: well; 7 keys, 3 accounts');
    expect(lineOf('limits')).toBe('limits: well; 5 of 9 counters in use');
  });

  test('tells how old each key set is, and stays while one cannot be had', () => {
    health.edgeServes();
    const age = (issuer: string, value: number): Level => ({
      metric: 'tollgate_key_set_age_seconds',
      labels: { api: 'one', issuer },
      value,
    });
    health.take({ ...NOTHING_MEASURED, levels: [age('outside', 86_399.9), age('never', Infinity)] });
    expect(health.look().ready).toBe(true);
    expect(lineOf('key set one/outside')).toBe('key set one/outside: fetched 86399 s ago');
    expect(lineOf('key set one/never')).toBe('key set one/never: not fetched yet');
    health.take({ ...NOTHING_MEASURED, levels: [age('outside', 1)] });
    expect(lineOf('key set one/outside')).toBe('key set one/outside: fetched 1 s ago');
  });
});

function failed(metric: 'tollgate_outages_total' | 'tollgate_degraded_total', by: number): Increment {
  return { metric, labels: { api: 'one', dependency: 'credits' }, by };
}

function level(metric: Level['metric'], value: number): Level {
  return { metric, labels: {}, value } as Level;
}
