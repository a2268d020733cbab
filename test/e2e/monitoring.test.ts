import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BOARD } from '../../deploy/monitoring/panels.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { partTitle, requirePart } from '../parts.ts';
import { ALERTS_FILE } from '../docs/generated.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { startPrometheus } from './prometheus.ts';
import type { Prometheus } from './prometheus.ts';
import { startServed } from './served.ts';
import type { Served } from './served.ts';

/** How long the board may take to fill: two reports of the edge and two scrapes. */
const POLL = { timeout: 25_000, interval: 1_000 };
const SPAN = { interval: '15s', scope: 'job=~".*",instance=~".*",' };

/** Nothing of the kind happens to a server that is well. */
const FLAT: ReadonlySet<string> = new Set([
  'Outages, by dependency',
  'Let through without a dependency',
  'Connections and calls refused',
  'Fetches of key sets that failed',
]);

const LOAD_PAUSE_MS = 50;

const panels = BOARD.flatMap((row) => row.panels);

const part = await requirePart('prometheus');

describe.skipIf('missing' in part)(partTitle('a real Prometheus', part), () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-monitoring-'));
  let served: Served;
  let client: CheckClient;
  let prometheus: Prometheus;
  const stopped = new AbortController();
  let loaded: Promise<void>;
  let accounts = 0;

  beforeAll(async () => {
    const database = join(folder, 'tollgate.db');
    const sets = [
      `store.url=sqlite:${database}`,
      ...['check.grpc', 'telemetry'].map((listener) => `${listener}.listen=127.0.0.1:0`),
      ...['public', 'admin'].map((listener) => `${listener}.listen=off`),
    ];
    served = await startServed({ args: sets.flatMap((set) => ['--set', set]) });
    client = createCheckClient(served.checkGrpc);
    const operations = createControlClient(`${database}.sock`);
    const keys: Record<string, string> = {};
    for (const api of ['trackyard', 'autype']) {
      await operations.createAccount({ api, id: 'acme', credits: 1_000_000 });
      keys[api] = (await operations.createKey({ api, account: 'acme', name: 'k' })).key;
    }
    const load = async () => {
      while (!stopped.signal.aborted) {
        await askEverything(client, keys);
        await operations.createAccount({ api: 'freddy', id: `a${(accounts += 1)}` });
        await pause(LOAD_PAUSE_MS);
      }
    };
    loaded = load();
    const target = served.telemetry.replace('http://', '');
    prometheus = await startPrometheus({ target, alertsFile: ALERTS_FILE });
  });

  afterAll(async () => {
    stopped.abort();
    await loaded;
    await prometheus.stop();
    client.close();
    served.terminate();
    await served.ended;
    rmSync(folder, { recursive: true });
  });

  /** A rate of events that do happen must be more than nothing. */
  async function listEmptyPanels(): Promise<readonly string[]> {
    const empty: string[] = [];
    for (const { title, unit, queries } of panels) {
      const floor = unit === 'ops' && !FLAT.has(title) ? 0 : Number.NEGATIVE_INFINITY;
      for (const { query } of queries) {
        const values = (await prometheus.query(query(SPAN))).filter(Number.isFinite);
        if (!values.some((value) => value > floor)) empty.push(title);
      }
    }
    return empty;
  }

  test('has data for every panel of the board', async () => {
    await expect.poll(listEmptyPanels, POLL).toEqual([]);
  });

  test('raises no alert about a server that is well', async () => {
    expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
  });
});

/** Something of every kind that a panel shows. */
async function askEverything(client: CheckClient, keys: Readonly<Record<string, string>>): Promise<void> {
  const limited = {
    host: 'api.trackyard.com',
    path: '/api/external/v1/vehicles',
    key: keys['trackyard'] ?? '',
  };
  const headers = { 'x-api-key': keys['autype'] ?? '' };
  const charged = { host: 'api.autype.com', path: '/api/v1/dev/fonts', key: '', headers };
  const id = crypto.randomUUID();
  await Promise.all([
    client.check(limited),
    client.check({ ...charged, id }),
    client.check({ ...charged, id }),
    client.check({ ...limited, key: 'ty_nobody' }),
    client.check({ ...limited, host: 'nobody.example' }),
    client.check({ ...limited, path: '/api//external' }),
  ]);
}
