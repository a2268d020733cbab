import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createCheckClient } from './check-client.ts';
import type { Answered, CheckClient } from './check-client.ts';
import { readDatabase } from './database.ts';
import { databaseIn, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

const part = await requirePart('prlimit');
const PAYER = { api: 'truedy', id: 'acme' };
const CREDITS = 1_000_000;
/** The API's own words, with a request's id and time behind them. */
const OUTAGE_BODY =
  /^{"error":{"code":"service_unavailable","message":"Service unavailable","details":{}},"meta":{"request_id":"[\da-f-]{36}","ts":"[\dTZ:-]+"}}$/;
/** Checks on their way at once, and how often the disk fills and has room again. */
const WORKERS = 8;
const ROUNDS = 5;
/** Answers of each kind that a round waits for. */
const ANSWERS_MIN = 50;

/** The kernel refuses every write of the process to a file, as a disk without room refuses one that needs some. */
describe.skipIf('missing' in part)(partTitle('on a disk that takes nothing more', part), () => {
  let place: Place;
  let serving: Serving;
  let client: CheckClient;
  let operations: Operations;
  let paying: string;
  let free: { readonly id: string; readonly key: string };

  beforeEach(async () => {
    place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-full-')) };
    await serve();
    await operations.createAccount({ ...PAYER, billing: 'active', credits: CREDITS });
    ({ key: paying } = await operations.createKey({ api: PAYER.api, account: PAYER.id, name: 'payer' }));
    await operations.createAccount({ api: 'clary', id: 'acme' });
    free = await operations.createKey({
      api: 'clary',
      account: 'acme',
      name: 'free',
      permissions: ['documents:read'],
    });
  });

  afterEach(async () => {
    await end('SIGKILL');
    rmSync(place.folder, { recursive: true });
  });

  async function serve(): Promise<void> {
    serving = await startServe(place);
    client = createCheckClient(serving.address);
    operations = createControlClient(`${databaseIn(place)}.sock`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    client.close();
    serving.child.kill(signal);
    await serving.ended;
  }

  async function setRoom(bytes: '0' | 'unlimited'): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(serving.child.pid), `--fsize=${bytes}:`]);
  }

  const pay = () => client.check({ host: 'api.truedy.ai', path: '/api/public/v1/videos', key: paying });
  const askFreely = () => client.check({ host: 'api.claryai.com', path: '/v1/documents/1', key: free.key });
  const creditsLeft = async () => (await operations.showAccount(PAYER)).credits.remaining;

  test('what costs credits is refused with 503, what is free goes on, and no operation is half done', async () => {
    expect(await pay()).toMatchObject({ allowed: true });
    await setRoom('0');
    for (let check = 0; check < 20; check += 1) {
      expect(await pay()).toMatchObject({ status: 503, body: expect.stringMatching(OUTAGE_BODY) });
      expect(await askFreely()).toMatchObject({ allowed: true });
    }
    const grant = { credits: 5, ref: 'r' };
    await expect(operations.grantCredits(PAYER, grant)).rejects.toMatchObject({ fault: 'unavailable' });
    const revocation = operations.revokeKey({ api: 'clary', id: free.id });
    await expect(revocation).rejects.toMatchObject({ fault: 'unavailable' });
    expect(await askFreely()).toMatchObject({ allowed: true });
    expect(await creditsLeft()).toBe(CREDITS - 1);

    await setRoom('unlimited');
    expect(await pay()).toMatchObject({ allowed: true });
    expect(await operations.grantCredits(PAYER, grant)).toMatchObject({
      credits: { remaining: CREDITS - 2 + grant.credits },
    });
    await operations.revokeKey({ api: 'clary', id: free.id });
    expect(await askFreely()).toMatchObject({ status: 401 });
  });

  test('that fills up and has room again under load, every allow is paid for and nothing else is', async () => {
    const answers = { allowed: 0, refused: 0 };
    const other: Answered[] = [];
    const asking = { isOver: false };
    const worker = async (): Promise<void> => {
      while (!asking.isOver) {
        const answered = await pay();
        if (answered.allowed) answers.allowed += 1;
        else if (answered.status === 503 && OUTAGE_BODY.test(answered.body)) answers.refused += 1;
        else other.push(answered);
      }
    };
    const more = (kind: keyof typeof answers) => {
      const enough = answers[kind] + ANSWERS_MIN;
      return expect.poll(() => answers[kind], { timeout: 20_000, interval: 2 }).toBeGreaterThan(enough);
    };
    const load = Promise.all(Array.from({ length: WORKERS }, worker));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        await more('allowed');
        await setRoom('0');
        await more('refused');
        await setRoom('unlimited');
      }
      await more('allowed');
    } finally {
      asking.isOver = true;
      await load;
    }
    expect(other).toEqual([]);
    expect(await creditsLeft()).toBe(CREDITS - answers.allowed);
    await end('SIGKILL');
    await serve();
    expect(await creditsLeft()).toBe(CREDITS - answers.allowed);
    expect(await pay()).toMatchObject({ allowed: true });
    expect(readDatabase(databaseIn(place), 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });
});
