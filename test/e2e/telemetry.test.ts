import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createControlClient } from '../../src/hub/control/client.ts';
import type { Operations } from '../../src/domain/operations.ts';
import { METRIC_ROWS } from '../../src/telemetry/metrics.ts';
import { API, SERVER, change } from '../unit/config/world.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { startServed } from './served.ts';
import type { Served } from './served.ts';

/** How long the edge may take to tell: it does so every second. */
const TOLD_MS = 20_000;
const POLL = { timeout: TOLD_MS, interval: 100 };
/** Gauges that stand at 0 while all is well, or until the next count of all keys. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  'tollgate_grpc_calls',
  'tollgate_grpc_waiting_bytes',
  'tollgate_stored_keys',
  'tollgate_write_behind_pending',
  'tollgate_windows_unkept',
]);

/** Of tokens and sessions, which the APIs of this world do not have: their own suites feed them. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'tollgate_sessions',
  'tollgate_key_set_fetches_total',
  'tollgate_key_set_age_seconds',
  'tollgate_key_set_keys',
  'tollgate_tokens_remembered',
]);

const ONE = change(
  API,
  'routes:\n',
  'routes:\n      - { path: /free }\n      - { path: /paid, credits: 2 }\n',
);
const TWO = ONE.replace('api: one', 'api: two').replace('one.example', 'two.example').replace('one_', 'two_');
const LENIENT = `${TWO}on_outage: { limits: allow, credits: allow }\n`;

describe('a served Tollgate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-telemetry-'));
  const database = join(folder, 'tollgate.db');
  const entrance = join(folder, 'check.sock');
  let served: Served;
  let client: CheckClient;
  let operations: Operations;
  const keys: Record<string, string> = {};

  beforeAll(async () => {
    mkdirSync(join(folder, 'apis'));
    writeFileSync(
      join(folder, 'tollgate.yaml'),
      `${SERVER.replace('[apis/one.yaml]', '[apis/one.yaml, apis/two.yaml]')}check: { http: [{ listen: 'unix:${entrance}', dialect: nginx }] }\n`,
    );
    writeFileSync(join(folder, 'apis/one.yaml'), ONE);
    writeFileSync(join(folder, 'apis/two.yaml'), LENIENT);
    const sets = [
      `store.url=sqlite:${database}`,
      'check.grpc.listen=127.0.0.1:0',
      'check.grpc.stop_delay=3s',
      'telemetry.listen=127.0.0.1:0',
      'public.listen=off',
      'admin.listen=off',
    ];
    const args = ['--config', join(folder, 'tollgate.yaml'), ...sets.flatMap((set) => ['--set', set])];
    served = await startServed({ args });
    client = createCheckClient(served.checkGrpc);
    operations = createControlClient(`${database}.sock`);
    for (const api of ['one', 'two']) {
      await operations.createAccount({ api, id: 'acme', credits: 1_000 });
      const made = await operations.createKey({ api, account: 'acme', name: 'k', permissions: ['read'] });
      keys[api] = made.key;
    }
  });

  afterAll(async () => {
    client.close();
    served.terminate();
    await served.ended;
    rmSync(folder, { recursive: true });
  });

  const check = (api: string, path: string, more: { readonly key?: string; readonly id?: string } = {}) =>
    client.check({ host: `${api}.example`, path, key: keys[api] ?? '', ...more });

  async function page(path: string): Promise<string> {
    return (await fetch(`${served.telemetry}${path}`)).text();
  }

  /** The sum of all series whose line begins so. */
  async function total(begin: string): Promise<number> {
    const lines = (await page('/metrics')).split('\n').filter((line) => line.startsWith(begin));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  test('is ready, and says how much it knows', async () => {
    await expect
      .poll(() => page('/readyz'), POLL)
      .toMatch(/^ready\n[^]*directory: well; 2 keys, 2 accounts\n/);
    expect(await page('/healthz')).toBe('the process lives\n');
  });

  test('counts every check once, by what became of it', async () => {
    for (let count = 0; count < 12; count += 1) await check('one', '/v1/free');
    await check('one', '/v1/free', { key: 'one_nobody' });
    await check('nobody', '/v1/free');
    await check('two', '/v1//free');
    await expect.poll(() => total('tollgate_checks_total'), POLL).toBe(15);
    const one = 'tollgate_checks_total{api="one",gateway="envoy-grpc",decision=';
    expect(await total(`${one}"allow",code="ok"}`)).toBe(10);
    expect(await total(`${one}"deny",code="rate_limited"}`)).toBe(2);
    expect(await total('tollgate_limit_denials_total{api="one",window="key-minute"}')).toBe(2);
    expect(await total('tollgate_invalid_credentials_total{api="one"')).toBe(1);
    expect(await total('tollgate_not_found_total{api="(none)",fault="no_host"}')).toBe(1);
    expect(await total('tollgate_ambiguous_requests_total{api="two",fault="path_segments"}')).toBe(1);
    expect(await total('tollgate_check_seconds_count')).toBe(15);
  });

  test('counts credits once for a check that the gateway sends again', async () => {
    const id = 'e0f1b6a4-8d1c-4c2b-9a70-0d8d7a3f1c11';
    await Promise.all([check('two', '/v1/paid', { id }), check('two', '/v1/paid', { id })]);
    await check('two', '/v1/paid', { id });
    await expect.poll(() => total('tollgate_repeats_total{api="two"}'), POLL).toBe(2);
    expect(await total('tollgate_credits_spent_total{api="two"}')).toBe(2);
    const { credits } = await operations.showAccount({ api: 'two', id: 'acme' });
    expect(credits.remaining).toBe(998);
  });

  test('stays ready while the database is locked, and says what did not answer', async () => {
    const other = new DatabaseSync(database);
    other.exec('BEGIN IMMEDIATE');
    try {
      const made = await check('two', '/v1/paid');
      expect(made.allowed).toBe(true);
      await expect.poll(() => total('tollgate_degraded_total{api="two",dependency="credits"}'), POLL).toBe(1);
      const response = await fetch(`${served.telemetry}/readyz`);
      expect(response.status).toBe(200);
      expect(await response.text()).toMatch(
        /^ready\n[^]*credits: not well: did not answer 1 checks, \d+ s ago\n/,
      );
      // The store waits for two seconds before it gives up.
      const failed = 'tollgate_store_seconds_count{store="sqlite",operation="charge",outcome="outage"}';
      await expect.poll(() => total(failed), POLL).toBeGreaterThan(0);
      await expect.poll(() => page('/readyz'), POLL).toContain('store: not well: charge failed');
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
  });

  test('feeds every metric of the table', async () => {
    const other = new DatabaseSync(database);
    const limited = await operations.createKey({
      api: 'one',
      account: 'acme',
      name: 'k',
      permissions: ['read'],
      limits: ['100/day'],
    });
    other.exec('BEGIN IMMEDIATE');
    expect(await check('one', '/v1/paid', { key: limited.key })).toMatchObject({ status: 503 });
    // What was used meanwhile cannot be kept either.
    expect(await check('one', '/v1/free', { key: limited.key })).toMatchObject({ status: 200 });
    await expect.poll(() => total('tollgate_windows_unkept'), POLL).toBeGreaterThan(0);
    other.exec('ROLLBACK');
    other.close();
    // Peers that speak no HTTP/2 to the one, and no HTTP/1.1 to the other.
    const stranger = connectTcp(Number(served.checkGrpc.split(':').at(-1)), '127.0.0.1');
    stranger.on('error', () => {}).end('GET / HTTP/1.1\r\n\r\n');
    connectTcp(entrance)
      .on('error', () => {})
      .end('nonsense\r\n\r\n');
    await expect.poll(async () => unfedIn(await page('/metrics')), POLL).toEqual([]);
    for (const thread of ['edge', 'store', 'main']) {
      const series = `tollgate_event_loop_delay_seconds_count{thread="${thread}"}`;
      await expect.poll(() => total(series), POLL).toBeGreaterThan(0);
    }
  });

  test('is unready from the moment it is told to stop, while it still answers', async () => {
    served.terminate();
    const status = async (): Promise<number> => (await fetch(`${served.telemetry}/readyz`)).status;
    await expect.poll(status, { ...POLL, interval: 10 }).toBe(503);
    expect(await page('/readyz')).toMatch(/^not ready\nedge: stopping\n/);
    expect(await page('/healthz')).toBe('the process lives\n');
    expect(await served.ended).toMatchObject({ code: 0 });
  });
});

function unfedIn(text: string): string[] {
  return METRIC_ROWS.map(([name]) => name).filter((name) => !NOT_HERE.has(name) && !isFed(name, text));
}

/** Whether a metric has a series that is not 0, or may stand there. */
function isFed(name: string, text: string): boolean {
  const lines = text
    .split('\n')
    .filter((line) => line.match(/^\w+/)?.[0]?.replace(/_(?:bucket|sum|count)$/, '') === name);
  return lines.some((line) => MAY_BE_ZERO.has(name) || !line.endsWith(' 0'));
}
