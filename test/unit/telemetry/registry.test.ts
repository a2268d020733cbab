import { beforeEach, describe, expect, test } from 'vitest';
import { BUCKETS_SECONDS, NOTHING_MEASURED, REPLY_CODES } from '../../../src/domain/measurements.ts';
import type { Api } from '../../../src/domain/policy.ts';
import { METRIC_ROWS } from '../../../src/telemetry/metrics.ts';
import { createMetricsRegistry } from '../../../src/telemetry/registry.ts';
import type { MetricsRegistry } from '../../../src/telemetry/registry.ts';
import { toZeroes } from '../../../src/telemetry/zeroes.ts';

const API = {
  name: 'one',
  tiers: [
    { limits: [{ name: 'key-minute' }, { name: 'account-day' }] },
    { limits: [{ name: 'key-minute' }] },
  ],
} as unknown as Api;

describe('the metrics', () => {
  let registry: MetricsRegistry;
  beforeEach(() => {
    registry = createMetricsRegistry();
  });

  async function lines(name: string): Promise<string[]> {
    const text = await registry.render();
    return text.split('\n').filter((line) => line.startsWith(name));
  }

  test('are those of the table, each with its help and its kind', async () => {
    const text = await registry.render();
    for (const [name, { kind, help }] of METRIC_ROWS) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`);
    }
    expect(text.match(/^# TYPE /gm)).toHaveLength(METRIC_ROWS.length);
  });

  test('have names that end with their unit, and counters with _total', () => {
    for (const [name, { kind, unit }] of METRIC_ROWS) {
      const base = kind === 'counter' ? name.replace(/_total$/, '') : name;
      expect(base === name).toBe(kind !== 'counter');
      if (unit === 'seconds' || unit === 'bytes') expect(base).toMatch(new RegExp(`_${unit}$`));
    }
  });

  test('checks are shown with the decision that their code comes from', async () => {
    registry.takeChecks([
      { api: 'one', gateway: 'envoy-grpc', code: 'ok', count: 3 },
      { api: 'one', gateway: 'envoy-grpc', code: 'unavailable', count: 2 },
      { api: '', gateway: 'envoy-grpc', code: 'not_found', count: 1 },
    ]);
    registry.takeChecks([{ api: 'one', gateway: 'envoy-grpc', code: 'ok', count: 4 }]);
    expect(await lines('tollgate_checks_total')).toEqual([
      'tollgate_checks_total{api="one",gateway="envoy-grpc",decision="allow",code="ok"} 7',
      'tollgate_checks_total{api="one",gateway="envoy-grpc",decision="outage",code="unavailable"} 2',
      'tollgate_checks_total{api="(none)",gateway="envoy-grpc",decision="deny",code="not_found"} 1',
    ]);
  });

  test('every series of checks stands at 0 before the first, and none appears twice', async () => {
    registry.take({ ...NOTHING_MEASURED, increments: toZeroes([API], ['envoy-grpc']) });
    const checks = await lines('tollgate_checks_total');
    expect(checks).toHaveLength(2 * REPLY_CODES.length);
    expect(await lines('tollgate_limit_denials_total{api="one"')).toEqual([
      'tollgate_limit_denials_total{api="one",window="key-minute"} 0',
      'tollgate_limit_denials_total{api="one",window="account-day"} 0',
      'tollgate_limit_denials_total{api="one",window="other"} 0',
    ]);
    const all = (await registry.render()).split('\n').filter((line) => /^\w/.test(line));
    expect(new Set(all.map((line) => line.replace(/ [^ ]+$/, ''))).size).toBe(all.length);
  });

  test('histograms add up what was counted elsewhere, cumulated', async () => {
    const bounds = BUCKETS_SECONDS.tollgate_check_seconds;
    const counts = new Float64Array(bounds.length + 1);
    [counts[0], counts[2], counts[bounds.length]] = [2, 3, 1];
    const observation = {
      metric: 'tollgate_check_seconds',
      labels: { gateway: 'envoy-grpc' },
      bucketed: { counts, sum: 0.5 },
    } as const;
    registry.take({ ...NOTHING_MEASURED, observations: [observation, observation] });
    const shown = await lines('tollgate_check_seconds');
    const value = (series: string) =>
      shown
        .find((line) => line.startsWith(series))
        ?.split(' ')
        .at(-1);
    const bucket = (le: string) => value(`tollgate_check_seconds_bucket{gateway="envoy-grpc",le="${le}"}`);
    expect(shown).toHaveLength(bounds.length + 3);
    expect([bucket('0.00001'), bucket('0.000025'), bucket('0.00005'), bucket('0.5')]).toEqual([
      '4',
      '4',
      '10',
      '10',
    ]);
    expect(bucket('+Inf')).toBe('12');
    expect(value('tollgate_check_seconds_count{')).toBe('12');
    expect(value('tollgate_check_seconds_sum{')).toBe('1');
  });

  test('counts of other buckets are refused', () => {
    const bucketed = { counts: Float64Array.of(1, 2), sum: 1 };
    const labels = { gateway: 'envoy-grpc' } as const;
    expect(() =>
      registry.take({
        ...NOTHING_MEASURED,
        observations: [{ metric: 'tollgate_check_seconds', labels, bucketed }],
      }),
    ).toThrow(RangeError);
  });

  test('a label value can end neither its quotes nor its line', async () => {
    const digest = 'a"b\\c\nd';
    const level = { metric: 'tollgate_config_info', labels: { digest }, value: 1 } as const;
    registry.take({ ...NOTHING_MEASURED, levels: [level] });
    expect(await lines('tollgate_config_info')).toEqual([
      String.raw`tollgate_config_info{digest="a\"b\\c\nd"} 1`,
    ]);
  });

  test('two registries share nothing', async () => {
    registry.takeChecks([{ api: 'one', gateway: 'envoy-grpc', code: 'ok', count: 1 }]);
    expect(await createMetricsRegistry().render()).not.toContain('api="one"');
  });
});
