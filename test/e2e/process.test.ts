import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOperations } from '../../src/compose/open-operations.ts';
import type { CreatedKey, Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createCheckClient } from './check-client.ts';
import type { Answered, CheckClient } from './check-client.ts';
import { databaseIn, runCommand, settingsFor, startMain, startServe } from './tollgate-process.ts';
import type { Place, Running, Serving } from './tollgate-process.ts';

/** Catches a change that never arrives; how long it takes is printed. */
const ARRIVAL_MAX_MS = 5_000;
const CREDITS = 1_000_000;
const ACCOUNT = { api: 'clary', id: 'acme' };
const PAYER = { api: 'truedy', id: 'acme' };

/** Only a hang takes this long, in milliseconds: each test starts servers of its own, on a machine that may be busy with others. */
const HANG_MS = 180_000;

describe('the process', { timeout: HANG_MS }, () => {
  let place: Place;
  let running: Running[];
  let clients: CheckClient[];

  beforeEach(() => {
    place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-process-')) };
    running = [];
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    rmSync(place.folder, { recursive: true });
  });

  async function serve(sets: readonly string[] = []): Promise<Serving> {
    const serving = await startServe({ ...place, sets });
    running.push(serving);
    return serving;
  }

  function connect({ address }: Serving): CheckClient {
    const client = createCheckClient(address);
    clients.push(client);
    return client;
  }

  /** The server's own operations, over its control socket. */
  function control(): Operations {
    return createControlClient(`${databaseIn(place)}.sock`);
  }

  /** The operations of a process that finds no server and writes to the store itself. */
  function openStore() {
    const config = new URL('../../config/tollgate.yaml', import.meta.url).pathname;
    const log = { error() {}, warn() {}, info() {}, debug() {} };
    const world = { clock: createClock(), randomBytes, newRequestId: () => '', env: {}, log };
    return openOperations({ config, sets: settingsFor(place) }, world);
  }

  test('a key that was revoked through the server is refused at the very next check, two hundred times in a row', async () => {
    const client = connect(await serve());
    const operations = control();
    await operations.createAccount(ACCOUNT);
    for (let round = 0; round < 200; round += 1) {
      const made = await operations.createKey(claryKey(`key ${round}`));
      expect(await client.check(freely(made.key))).toMatchObject({ allowed: true });
      expect(await operations.revokeKey({ api: 'clary', id: made.id })).toMatchObject({ unconfirmed: [] });
      expect(await client.check(freely(made.key))).toMatchObject({ allowed: false, status: 401 });
    }
  });

  test('what another process writes to the store is obeyed soon, two hundred times in a row', async () => {
    const client = connect(await serve());
    await control().createAccount(ACCOUNT);
    rmSync(`${databaseIn(place)}.sock`);
    const opened = await openStore();
    const { operations } = opened;
    expect(opened.via).toBe('store');
    const revokedMs: number[] = [];
    for (let round = 0; round < 200; round += 1) {
      const made = await operations.createKey(claryKey(`key ${round}`));
      await until(client, made.key, ({ allowed }) => allowed);
      await operations.revokeKey({ api: 'clary', id: made.id });
      revokedMs.push(await until(client, made.key, ({ status }) => status === 401));
    }
    await opened.close();
    console.log(`a foreign revocation is obeyed after ${shown(revokedMs)}`);
    expect(revokedMs).toHaveLength(200);
  });

  test('the command line works through a running server, and on the store where none runs', async () => {
    const created = await runCommand(['accounts', 'create', '--api', 'clary', '--id', 'acme'], place);
    expect(created).toMatchObject({ code: 0 });
    const early = await createByCommand(place);
    const serving = await serve();
    const client = connect(serving);
    expect(await client.check(freely(early.key))).toMatchObject({ allowed: true });
    const late = await createByCommand(place);
    expect(await client.check(freely(late.key))).toMatchObject({ allowed: true });
    const revoked = await runCommand(['keys', 'revoke', '--api', 'clary', '--id', early.id], place);
    expect(revoked).toMatchObject({ code: 0 });
    expect(await client.check(freely(early.key))).toMatchObject({ status: 401 });
    serving.child.kill('SIGTERM');
    await serving.ended;
    expect(await runCommand(['keys', 'revoke', '--api', 'clary', '--id', late.id], place)).toMatchObject({
      code: 0,
    });
    expect(await connect(await serve()).check(freely(late.key))).toMatchObject({ status: 401 });
  });

  test('a second server on one database refuses in a sentence; once the first was killed, it starts', async () => {
    const first = await serve();
    const second = await runCommand(['serve'], place);
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `error: the database ${databaseIn(place)} is being served by another process: stop that one, or name another database\n`,
    );
    first.child.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });
    const third = await serve();
    const operations = control();
    await operations.createAccount(ACCOUNT);
    const made = await operations.createKey(claryKey('after'));
    expect(await connect(third).check(freely(made.key))).toMatchObject({ allowed: true });
  });

  test('SIGTERM lets an open check finish, takes no new one, and ends with code 0', async () => {
    const serving = await serve();
    const client = connect(serving);
    const key = await makePayer(control());
    expect(await client.check(paying(key))).toMatchObject({ allowed: true });
    const blocker = new DatabaseSync(databaseIn(place));
    blocker.exec('BEGIN IMMEDIATE');
    const open = client.check(paying(key));
    // Answered on the same connection behind the open one, which is therefore on its way to the store.
    expect(await client.check(paying(''))).toMatchObject({ status: 401 });
    serving.child.kill('SIGTERM');
    await untilRefused(serving.address);
    blocker.exec('ROLLBACK');
    blocker.close();
    expect(await open).toMatchObject({ allowed: true });
    expect(await serving.ended).toMatchObject({
      code: 0,
      signal: null,
      stderr: expect.not.stringMatching(/error/i),
    });
    expect(readdirSync(place.folder).filter((name) => /-wal$|\.sock$/.test(name))).toEqual([]);
  });

  test.each(['store', 'edge'] as const)(
    'the death of the %s thread ends the process with a reason and code 1',
    async (thread) => {
      const serving = await serve();
      serving.order({ kill: thread });
      const { code, stderr } = await serving.ended;
      expect(code).toBe(1);
      expect(stderr).toContain(`the ${thread} thread ended with code 1`);
      expect(await serve()).toHaveProperty('address');
    },
  );

  test('a killed server has lost nothing: what it allowed was charged, and nothing was allowed that was not', async () => {
    let serving = await serve();
    const key = await makePayer(control());
    let allowed = 0;
    let sent = 0;
    for (let round = 1; round <= 3; round += 1) {
      const client = connect(serving);
      const enough = round * 200;
      const ask = async (): Promise<void> => {
        for (;;) {
          sent += 1;
          const answered = await client.check(paying(key)).catch(() => undefined);
          if (answered === undefined) return;
          expect(answered).toMatchObject({ allowed: true });
          allowed += 1;
          if (allowed >= enough) serving.child.kill('SIGKILL');
        }
      };
      await Promise.all(Array.from({ length: 16 }, ask));
      await serving.ended;
      serving = await serve();
      const account = await control().showAccount(PAYER);
      const spent = CREDITS - account.credits.remaining;
      expect(allowed).toBeGreaterThanOrEqual(enough);
      expect(spent).toBeGreaterThanOrEqual(allowed);
      expect(spent).toBeLessThanOrEqual(sent);
    }
    expect(await connect(serving).check(paying(key))).toMatchObject({ allowed: true });
  });

  test('checks, charged ones too, are answered while the main thread is blocked', async () => {
    const serving = await serve();
    const client = connect(serving);
    const operations = control();
    const key = await makePayer(operations);
    await operations.createAccount(ACCOUNT);
    const made = await operations.createKey(claryKey('free'));
    const file = join(place.folder, 'release');
    serving.order({ blockUntil: file });
    expect(await serving.nextBlocked()).toBe('blocked');
    const answers: Answered[] = [];
    for (let round = 0; round < 50; round += 1) {
      answers.push(await client.check(freely(made.key)), await client.check(paying(key)));
    }
    // Only now does the main thread go on: had an answer needed it, we would not be here.
    const released = serving.nextBlocked();
    writeFileSync(file, '');
    expect(await released).toBe('released');
    expect(answers.every(({ allowed }) => allowed)).toBe(true);
    const { credits } = await operations.showAccount(PAYER);
    expect(credits.remaining).toBe(CREDITS - 50);
  });

  describe('a start that cannot be', () => {
    test('for a port in use, says so in one sentence and leaves nothing behind', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      const { code, stderr, stdout } = await runCommand(['serve'], {
        ...place,
        sets: [`check.grpc.listen=${listen}`],
      });
      other.close();
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(new RegExp(`^error: cannot listen on ${listen}: .*EADDRINUSE.*\n$`));
      expect(await serve()).toHaveProperty('address');
    });

    test('for want of secrets in production, names them and makes none', async () => {
      const { code, stderr } = await runCommand(['serve'], { ...place, sets: ['mode=production'] });
      expect(code).toBe(1);
      expect(stderr).toContain('secrets.pepper');
      expect(stderr).not.toContain('bug');
      expect(readdirSync(place.folder)).toEqual([]);
    });

    test('for a file that is no database, says so', async () => {
      for (const name of ['pepper', 'sealing-key'])
        writeFileSync(join(place.folder, name), randomBytes(32).toString('base64'));
      writeFileSync(
        databaseIn(place),
        'this is a letter to my grandmother, and no database at all'.repeat(99),
      );
      const { code, stderr } = await runCommand(['serve'], place);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: .*tollgate\.db.*\n$/);
    });
  });

  test('SIGTERM while it starts ends it, and the next start finds all well', async () => {
    const starting = startMain(['serve'], place);
    running.push(starting);
    await once(starting.child, 'spawn');
    starting.child.kill('SIGTERM');
    await starting.ended;
    expect(await serve()).toHaveProperty('address');
  });
});

function claryKey(name: string) {
  return { api: 'clary', account: 'acme', name, permissions: ['documents:read'] };
}

function freely(key: string) {
  return { host: 'api.claryai.com', path: '/v1/documents/1', key };
}

function paying(key: string) {
  return { host: 'api.truedy.ai', path: '/api/public/v1/videos', key };
}

async function makePayer(operations: Operations): Promise<string> {
  await operations.createAccount({ ...PAYER, billing: 'active', credits: CREDITS });
  const { key } = await operations.createKey({ api: 'truedy', account: 'acme', name: 'payer' });
  return key;
}

async function createByCommand(place: Place): Promise<CreatedKey> {
  const { code, stdout } = await runCommand(
    [
      '--json',
      'keys',
      'create',
      '--api',
      'clary',
      '--account',
      'acme',
      '--name',
      'mine',
      '--permission',
      'documents:read',
    ],
    place,
  );
  expect(code).toBe(0);
  return JSON.parse(stdout) as CreatedKey;
}

/** Asks, one check after the other, until the answer fits; how long that took, in milliseconds. */
async function until(client: CheckClient, key: string, fits: (answer: Answered) => boolean): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const answer = await client.check(freely(key));
    const tookMs = performance.now() - startMs;
    if (fits(answer)) return tookMs;
    if (tookMs > ARRIVAL_MAX_MS) throw new Error(`still ${answer.status} after ${tookMs} ms`);
  }
}

/** Resolves when a new connection is refused: from then on the server takes no new gateway. */
async function untilRefused(address: string): Promise<void> {
  for (;;) {
    const client = createCheckClient(address);
    const refused = await client.check(freely('')).then(
      () => false,
      () => true,
    );
    client.close();
    if (refused) return;
  }
}

function shown(samplesMs: readonly number[]): string {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}
