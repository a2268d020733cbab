import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { readDatabase } from './database.ts';
import { databaseIn, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

/** Catches what is never written; no test waits for it. */
const WRITTEN_MAX_MS = 20_000;
const API_FILE = fileURLToPath(new URL('../../config/apis/clary.yaml', import.meta.url));
const ACCOUNT = { api: 'clary', id: 'acme' };

describe('over a restart', () => {
  let place: Place;
  let running: Serving[];
  let clients: CheckClient[];

  beforeEach(() => {
    place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-restart-')) };
    running = [];
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    rmSync(place.folder, { recursive: true });
  });

  async function serve(more: Partial<Place> = {}): Promise<{ serving: Serving; client: CheckClient }> {
    const serving = await startServe({ ...place, ...more });
    const client = createCheckClient(serving.address);
    running.push(serving);
    clients.push(client);
    return { serving, client };
  }

  async function end({ child, ended }: Serving, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    child.kill(signal);
    await ended;
  }

  function control(): Operations {
    return createControlClient(`${databaseIn(place)}.sock`);
  }

  async function createKey(
    name: string,
    limits: readonly string[] = [],
  ): Promise<{ id: string; key: string }> {
    return control().createKey({
      api: ACCOUNT.api,
      account: ACCOUNT.id,
      name,
      permissions: ['documents:read'],
      limits,
    });
  }

  /** A configuration with these peppers, in the flow style of YAML, which is JSON. */
  function writeConfig(currentId: string, ...retiredIds: readonly string[]): Partial<Place> {
    const toEntry = (id: string) => {
      const path = join(place.folder, `pepper-${id}`);
      writeFileSync(path, Buffer.from(id.repeat(16)).toString('base64'));
      return { id, secret: `file:${path}` };
    };
    const config = join(place.folder, `${currentId}-${retiredIds.length}.yaml`);
    const pepper = { current: toEntry(currentId), retired: retiredIds.map(toEntry) };
    writeFileSync(config, JSON.stringify({ apis: [API_FILE], secrets: { pepper } }));
    return { config };
  }

  /** Resolves when the server has written what is asked for. */
  async function untilWritten(sql: string, ...values: readonly (string | number)[]): Promise<void> {
    const endMs = performance.now() + WRITTEN_MAX_MS;
    while (readDatabase(databaseIn(place), sql, ...values).length === 0) {
      if (performance.now() > endMs) throw new Error(`never written: ${sql}`);
      await new Promise(setImmediate);
    }
  }

  test('that was asked for, limits go on counting, also those of a minute', async () => {
    const first = await serve();
    await control().createAccount(ACCOUNT);
    const day = await createKey('day', ['5/day']);
    const minute = await createKey('minute', ['5/minute']);
    for (const { key } of [day, minute]) {
      for (let use = 0; use < 3; use += 1)
        expect(await first.client.check(of(key))).toMatchObject({ status: 200 });
    }
    await end(first.serving, 'SIGTERM');
    expect(await first.serving.ended).toMatchObject({ code: 0 });
    const { client } = await serve();
    for (const { key } of [day, minute]) {
      for (let use = 0; use < 2; use += 1) expect(await client.check(of(key))).toMatchObject({ status: 200 });
      expect(await client.check(of(key))).toMatchObject({ status: 429 });
    }
  });

  test('after a kill, limits of more than a minute go on counting from what was written behind', async () => {
    const first = await serve();
    await control().createAccount(ACCOUNT);
    const { id, key } = await createKey('day', ['5/day']);
    for (let use = 0; use < 5; use += 1)
      expect(await first.client.check(of(key))).toMatchObject({ status: 200 });
    // Five entries of sixteen bytes.
    await untilWritten(
      "SELECT 1 FROM window_log WHERE 'key_' || lower(hex(substr(words, 1, 12))) = ? AND length(entries) = 80",
      id,
    );
    await end(first.serving, 'SIGKILL');
    const { client } = await serve();
    expect(await client.check(of(key))).toMatchObject({ status: 429 });
  });

  test('with a new pepper, keys work on, are digested under it when they are used, and then need the old one no more', async () => {
    const first = await serve(writeConfig('p1'));
    await control().createAccount(ACCOUNT);
    const used = await createKey('used');
    const idle = await createKey('idle');
    const revoked = await createKey('revoked');
    expect(await first.client.check(of(used.key))).toMatchObject({ allowed: true });
    await end(first.serving, 'SIGTERM');

    const second = await serve(writeConfig('p2', 'p1'));
    const counts = (await metricsOf(second.serving)).match(/^tollgate_stored_keys.*$/gm);
    expect(counts).toEqual(
      ['"p2"} 0', '"p1"} 3', '"(other)"} 0'].map((end) => `tollgate_stored_keys{pepper=${end}`),
    );
    for (const { key } of [used, revoked])
      expect(await second.client.check(of(key))).toMatchObject({ allowed: true });
    await untilWritten("SELECT count(*) FROM keys WHERE pepper_id = 'p2' HAVING count(*) = 2");
    expect(await second.client.check(of(used.key))).toMatchObject({ allowed: true });
    await control().revokeKey({ api: ACCOUNT.api, id: revoked.id });
    expect(await second.client.check(of(revoked.key))).toMatchObject({ status: 401 });
    await end(second.serving, 'SIGTERM');
    expect((await second.serving.ended).stderr).toMatch(/"id":"p1","keys":3/);

    const third = await serve(writeConfig('p2'));
    expect(await third.client.check(of(used.key))).toMatchObject({ allowed: true });
    expect(await third.client.check(of(idle.key))).toMatchObject({ status: 401 });
    await end(third.serving, 'SIGTERM');
    const { stderr } = await third.serving.ended;
    const warned = stderr.split('\n').find((line) => line.includes('a pepper that is not configured'));
    expect(JSON.parse(warned ?? '{}')).toMatchObject({ level: 'warn', id: 'p1', keys: 1 });
  });
});

async function metricsOf({ stdout }: Serving): Promise<string> {
  const address = /^telemetry\s+(\S+)$/m.exec(stdout())?.[1] ?? '';
  return (await fetch(`http://${address}/metrics`)).text();
}

function of(key: string) {
  return { host: 'api.claryai.com', path: '/v1/documents/1', key };
}
