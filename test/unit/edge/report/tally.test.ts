import { beforeEach, describe, expect, test } from 'vitest';
import type { Decision, Denial } from '../../../../src/domain/decision.ts';
import type { Limit, LimitState } from '../../../../src/domain/limit.ts';
import type { Api, Tier } from '../../../../src/domain/policy.ts';
import type { Principal } from '../../../../src/domain/principal.ts';
import type { Reply } from '../../../../src/domain/reply.ts';
import { NOTES_MAX, Tally } from '../../../../src/edge/report/tally.ts';

const MINUTE: Limit = { scope: 'key', count: 10, windowMs: 60_000, name: 'key-minute' };
const DAY: Limit = { scope: 'key', count: 100, windowMs: 86_400_000, name: 'key-day' };
const OWN: Limit = { scope: 'key', count: 1, windowMs: 17_000, name: 'key-17s' };
const TIER = { limits: [MINUTE, DAY] } as unknown as Tier;
const API = { name: 'one', tiers: [TIER] } as unknown as Api;

describe('what an edge gathers between two reports', () => {
  let tally: Tally;
  beforeEach(() => {
    tally = new Tally({ gateways: ['envoy-grpc', 'nginx'], apis: [API] });
  });

  function decide(decision: Decision, code: Reply['code'], api = 'one'): void {
    tally.decided(decision, { api, code } as Reply, { wallMs: 1_000, monotonicMs: 0 }, 'envoy-grpc');
  }

  function deny(denial: Denial, limits?: readonly LimitState[]): void {
    decide({ kind: 'deny', denial, ...(limits === undefined ? {} : { limits }) }, denial.code);
  }

  const told = () => tally.drain().measured.increments;

  test('checks are counted by API and code, and told once', () => {
    decide({ kind: 'allow' }, 'ok');
    decide({ kind: 'allow' }, 'ok');
    decide({ kind: 'bug' }, 'internal_error');
    decide({ kind: 'deny', denial: { code: 'not_found', fault: 'no_host' } }, 'not_found', '');
    expect(tally.drain().checks).toEqual([
      { api: '', gateway: 'envoy-grpc', code: 'not_found', count: 1 },
      { api: 'one', gateway: 'envoy-grpc', code: 'ok', count: 2 },
      { api: 'one', gateway: 'envoy-grpc', code: 'internal_error', count: 1 },
    ]);
    expect(tally.drain().checks).toEqual([]);
  });

  test('what was wrong with a credential is counted, though all look the same outside', () => {
    deny({ code: 'credential_invalid', fault: 'unknown' });
    deny({ code: 'credential_invalid', fault: 'expired' });
    deny({ code: 'credential_invalid', fault: 'unknown' });
    expect(told()).toEqual([
      { metric: 'tollgate_invalid_credentials_total', labels: { api: 'one', fault: 'unknown' }, by: 2 },
      { metric: 'tollgate_invalid_credentials_total', labels: { api: 'one', fault: 'expired' }, by: 1 },
    ]);
  });

  test('a gateway that names another API is counted and told at WARN, once a report', () => {
    deny({ code: 'not_found', fault: 'other_api' });
    deny({ code: 'not_found', fault: 'other_api' });
    const report = tally.drain();
    expect(report.measured.increments).toEqual([
      { metric: 'tollgate_not_found_total', labels: { api: 'one', fault: 'other_api' }, by: 2 },
    ]);
    expect(report.notes).toMatchObject([{ level: 'warn', fields: { api: 'one', count: 2 } }]);
  });

  test('what was ambiguous in a request is counted; that a gateway says too little is told at WARN', () => {
    deny({ code: 'request_ambiguous', fault: 'path_escapes' });
    deny({ code: 'request_ambiguous', fault: 'unreadable' });
    deny({ code: 'request_ambiguous', fault: 'unreadable' });
    const report = tally.drain();
    expect(report.measured.increments).toEqual([
      {
        metric: 'tollgate_ambiguous_requests_total',
        labels: { api: 'one', fault: 'unreadable' },
        by: 2,
      },
      {
        metric: 'tollgate_ambiguous_requests_total',
        labels: { api: 'one', fault: 'path_escapes' },
        by: 1,
      },
    ]);
    expect(report.notes).toMatchObject([{ level: 'warn', fields: { api: 'one', count: 2 } }]);
  });

  test('a denial by limits is counted under the limit that waits longest', () => {
    deny({ code: 'rate_limited' }, [stateOf(MINUTE, 5_000), stateOf(DAY, 80_000)]);
    deny({ code: 'rate_limited' }, [stateOf(MINUTE, 5_000), stateOf(DAY, 0)]);
    expect(told()).toEqual([
      { metric: 'tollgate_limit_denials_total', labels: { api: 'one', window: 'key-minute' }, by: 1 },
      { metric: 'tollgate_limit_denials_total', labels: { api: 'one', window: 'key-day' }, by: 1 },
    ]);
  });

  test('a limit that only one key has makes no label of its own', () => {
    deny({ code: 'rate_limited' }, [stateOf(OWN, 9_000)]);
    deny({ code: 'rate_limited' }, []);
    expect(told()).toEqual([
      { metric: 'tollgate_limit_denials_total', labels: { api: 'one', window: 'other' }, by: 2 },
    ]);
  });

  test('outages and waived outages are counted by what did not answer', () => {
    decide({ kind: 'outage', dependency: 'credits' }, 'unavailable');
    decide({ kind: 'allow', degraded: 'limits' }, 'ok');
    expect(told()).toEqual([
      { metric: 'tollgate_outages_total', labels: { api: 'one', dependency: 'credits' }, by: 1 },
      { metric: 'tollgate_degraded_total', labels: { api: 'one', dependency: 'limits' }, by: 1 },
    ]);
  });

  test('repeats and credits are counted by API', () => {
    tally.repeated('one');
    tally.spent('one', 5);
    tally.spent('one', 2);
    expect(told()).toEqual([
      { metric: 'tollgate_repeats_total', labels: { api: 'one' }, by: 1 },
      { metric: 'tollgate_credits_spent_total', labels: { api: 'one' }, by: 7 },
    ]);
  });

  test('checks and durations of two gateways are told apart', () => {
    const reply = { api: 'one', code: 'ok' } as Reply;
    for (const gateway of ['envoy-grpc', 'nginx', 'nginx'] as const) {
      tally.decided({ kind: 'allow' }, reply, { wallMs: 1_000, monotonicMs: 0 }, gateway);
      tally.took(1, gateway);
    }
    const { checks, measured } = tally.drain();
    expect(checks).toEqual([
      { api: 'one', gateway: 'envoy-grpc', code: 'ok', count: 1 },
      { api: 'one', gateway: 'nginx', code: 'ok', count: 2 },
    ]);
    expect(measured.observations.map(({ labels }) => labels)).toEqual([
      { gateway: 'envoy-grpc' },
      { gateway: 'nginx' },
    ]);
  });

  test('a check through a gateway that is not configured is not counted', () => {
    const reply = { api: 'one', code: 'ok' } as Reply;
    tally.decided({ kind: 'allow' }, reply, { wallMs: 1_000, monotonicMs: 0 }, 'kong');
    expect(tally.drain().checks).toEqual([]);
  });

  test('durations are told in seconds', () => {
    tally.took(0.02, 'envoy-grpc');
    tally.took(3, 'envoy-grpc');
    const [observed] = tally.drain().measured.observations;
    expect(observed).toMatchObject({ metric: 'tollgate_check_seconds', labels: { gateway: 'envoy-grpc' } });
    expect(observed?.bucketed.sum).toBeCloseTo(0.00302);
    expect(observed?.bucketed.counts.reduce((total, count) => total + count)).toBe(2);
  });

  test('a name that is in no set is not counted', () => {
    decide({ kind: 'allow' }, 'ok', 'an API of nobody');
    tally.spent('an API of nobody', 3);
    expect(tally.drain()).toMatchObject({ checks: [], measured: { increments: [] } });
  });

  test('a key is told once, with its latest use, in the report after last uses were asked for', () => {
    const use = (keyRow: number, wallMs: number): void =>
      tally.decided(
        { kind: 'allow', principal: { keyRow } as Principal },
        { api: 'one', code: 'ok' } as Reply,
        {
          wallMs,
          monotonicMs: 0,
        },
        'envoy-grpc',
      );
    use(7, 2_000);
    expect([...tally.drain().lastUsed]).toEqual([]);
    expect(tally.lastUseOf(7)).toBe(2_000);
    use(0, 3_000);
    tally.releaseLastUses();
    expect([...tally.drain().lastUsed]).toEqual([7, 2_000]);
    expect(tally.lastUseOf(7)).toBe(2_000);
    expect(tally.lastUseOf(0)).toBeUndefined();
  });

  test('no more than NOTES_MAX lines are told; the rest are counted', () => {
    for (let line = 0; line < NOTES_MAX + 3; line += 1) {
      tally.note({ level: 'error', message: `bug ${line}`, fields: {} });
    }
    const { notes } = tally.drain();
    expect(notes).toHaveLength(NOTES_MAX + 1);
    expect(notes.at(-1)).toMatchObject({ message: 'log lines dropped', fields: { count: 3 } });
  });
});

function stateOf(limit: Limit, waitMs: number): LimitState {
  return { limit, remaining: waitMs === 0 ? 1 : 0, resetMs: waitMs, waitMs };
}
