import { randomInt } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { expect } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { readCopy } from './database.ts';
import { databaseIn, startMain, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

/*
 * Kills a server at random points under load, again and again on one database, and holds what is found afterwards
 * against what clients and operators had been told.
 */

const ACCOUNT = { api: 'truedy', id: 'acme' };
const FIRST_CREDITS = 1_000_000;
const GRANT = 1_000;
/** Never reached: what it counts is of interest. */
const LIMIT = '1000000/day';
/** Checks on their way at once. */
const WORKERS = 16;
/** Most kills come so many milliseconds after the first answer, at most. */
const LOAD_MS_MAX = 400;
/** Of five kills one comes after so many milliseconds: by then something has been written behind. */
const LONG_LOAD_MS = { min: 1_100, max: 1_700 };
/** Another one comes while the server starts, within so many milliseconds. */
const START_MS_MAX = 700;

export interface CrashSummary {
  readonly kills: number;
  readonly allowed: number;
  readonly spent: number;
  /** Checks that were sent and never answered. */
  readonly unanswered: number;
  readonly grants: number;
  readonly keys: number;
  readonly revoked: number;
  /** Uses that the payer's limit remembers. */
  readonly keptUses: number;
}

/** What was acknowledged, and what was only asked for. */
interface Told {
  allowed: number;
  unanswered: number;
  readonly granted: Set<string>;
  readonly grantsAsked: Set<string>;
  readonly keys: Map<string, string>;
  readonly revoked: Set<string>;
  /** Revoked, or perhaps not. */
  readonly revokesAsked: Set<string>;
  keptUses: number;
}

export async function runCrashSeries(place: Place, kills: number): Promise<CrashSummary> {
  const told: Told = {
    allowed: 0,
    unanswered: 0,
    granted: new Set(),
    grantsAsked: new Set(),
    keys: new Map(),
    revoked: new Set(),
    revokesAsked: new Set(),
    keptUses: 0,
  };
  const payer = await prepare(place, told);
  for (let kill = 1; kill <= kills; kill += 1) {
    if (kill % 5 === 0) await killWhileStarting(place);
    else await killUnderLoad(place, { told, payer, kill });
    readCopy(databaseIn(place), (database) => checkDatabase(database, told));
  }
  await checkServed(place, told);
  const spent = readCopy(databaseIn(place), (database) => checkDatabase(database, told));
  const { allowed, unanswered, keptUses } = told;
  const counts = { grants: told.granted.size, keys: told.keys.size, revoked: told.revoked.size };
  return { kills, allowed, spent, unanswered, ...counts, keptUses };
}

async function prepare(place: Place, told: Told): Promise<string> {
  const serving = await startServe(place);
  const operations = control(place);
  await operations.createAccount({ ...ACCOUNT, billing: 'active', credits: FIRST_CREDITS });
  const { id, key } = await operations.createKey({
    api: ACCOUNT.api,
    account: ACCOUNT.id,
    name: 'payer',
    limits: [LIMIT],
  });
  told.keys.set(id, key);
  serving.child.kill('SIGKILL');
  await serving.ended;
  return key;
}

async function killWhileStarting(place: Place): Promise<void> {
  const starting = startMain(['serve'], place);
  await pause(randomInt(START_MS_MAX));
  starting.child.kill('SIGKILL');
  await starting.ended;
}

interface Load {
  readonly told: Told;
  /** The key under which the credits are spent. */
  readonly payer: string;
  readonly kill: number;
}

async function killUnderLoad(place: Place, load: Load): Promise<void> {
  const { kill } = load;
  const serving = await startServe(place);
  const client = createCheckClient(serving.address);
  try {
    await checkKeys(client, load.told);
    const work = [spend(client, load), operate(control(place), load), operate(control(place), load)];
    await pause(kill % 5 === 1 ? randomInt(LONG_LOAD_MS.min, LONG_LOAD_MS.max) : randomInt(LOAD_MS_MAX));
    serving.child.kill('SIGKILL');
    await Promise.all(work);
    await serving.ended;
  } finally {
    client.close();
    await end(serving);
  }
}

async function end({ child, ended }: Serving): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** A key that was acknowledged works, and one whose revocation was is dead: one of each, picked anew each time. */
async function checkKeys(client: CheckClient, told: Told): Promise<void> {
  const living = [...told.keys].filter(([id]) => !told.revokesAsked.has(id));
  const [, alive = ''] = living[randomInt(living.length)] ?? [];
  expect(await ask(client, alive, told)).toMatchObject({ allowed: true });
  const [dead] = [...told.revoked].slice(-1);
  if (dead === undefined) return;
  expect(await ask(client, told.keys.get(dead) ?? '', told)).toMatchObject({ status: 401 });
}

/** Spends credits until the server is gone. */
async function spend(client: CheckClient, { told, payer }: Load): Promise<void> {
  const worker = async (): Promise<void> => {
    for (;;) {
      const answered = await ask(client, payer, told);
      if (answered === undefined) return;
      expect(answered).toMatchObject({ allowed: true });
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

async function ask(client: CheckClient, key: string, told: Told) {
  const asked = { host: 'api.truedy.ai', path: '/api/public/v1/videos', key };
  const answered = await client.check(asked).catch(() => undefined);
  if (answered === undefined) told.unanswered += 1;
  else if (answered.allowed) told.allowed += 1;
  return answered;
}

/** Grants, creates and revokes until the server is gone. A grant that was not acknowledged is asked for again under its reference. */
async function operate(operations: Operations, { told, kill }: Load): Promise<void> {
  for (const ref of told.grantsAsked) {
    if (!(await attempt(operations.grantCredits(ACCOUNT, { credits: GRANT, ref })))) return;
    told.granted.add(ref);
    told.grantsAsked.delete(ref);
  }
  for (let step = 0; ; step += 1) {
    const ref = `${kill}-${step}-${randomInt(1_000_000)}`;
    told.grantsAsked.add(ref);
    if (!(await attempt(operations.grantCredits(ACCOUNT, { credits: GRANT, ref })))) return;
    told.granted.add(ref);
    told.grantsAsked.delete(ref);
    const made = await attempt(operations.createKey({ api: ACCOUNT.api, account: ACCOUNT.id, name: ref }));
    if (made === undefined) return;
    told.keys.set(made.id, made.key);
    if (step % 2 === 0) continue;
    told.revokesAsked.add(made.id);
    if ((await attempt(operations.revokeKey({ api: ACCOUNT.api, id: made.id }))) === undefined) return;
    told.revoked.add(made.id);
  }
}

/** undefined where the server was gone before it answered. */
function attempt<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch(() => undefined);
}

/** Holds a database against what was told; answers the credits spent by now. */
function checkDatabase(database: DatabaseSync, told: Told): number {
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
  const spent = checkLedger(database, told);
  const keys = new Map<string, Readonly<Record<string, SQLOutputValue>>>(
    database
      .prepare('SELECT lower(hex(id)) AS id, revoked_ms FROM keys')
      .all()
      .map((row) => [`key_${String(row['id'])}`, row] as const),
  );
  for (const id of told.keys.keys()) expect(keys.has(id), id).toBe(true);
  for (const id of told.revoked) expect(keys.get(id)?.['revoked_ms'], id).not.toBeNull();
  checkWindow(database, told);
  return spent;
}

/** The one window there is never forgets what it had kept, and never counts what was not sent. */
function checkWindow(database: DatabaseSync, told: Told): void {
  const inRows = database.prepare('SELECT entries FROM windows').all();
  // The latest row of the log tells of it, and of no other.
  const inLog = database.prepare('SELECT words, entries FROM window_log ORDER BY seq DESC').all();
  expect(inRows.length).toBeLessThanOrEqual(1);
  for (const { words } of inLog) expect(words).toHaveLength(20);
  const bytes = (inLog[0] ?? inRows[0])?.['entries'];
  const entries = bytes instanceof Uint8Array ? new Float64Array(bytes.slice().buffer) : new Float64Array();
  const uses = entries.reduce((sum, number, at) => (at % 2 === 0 ? sum : sum + number), 0);
  expect(uses).toBeGreaterThanOrEqual(told.keptUses);
  expect(uses).toBeLessThanOrEqual(told.allowed + told.unanswered);
  told.keptUses = uses;
}

/** Everything that was allowed was paid for, and nothing was paid for twice or for nothing. */
function checkLedger(database: DatabaseSync, told: Told): number {
  const grants = database.prepare('SELECT ref, credits FROM grants').all();
  const refs = grants.flatMap(({ ref }) => (typeof ref === 'string' ? [ref] : []));
  expect(new Set(refs).size).toBe(refs.length);
  for (const ref of told.granted) expect(refs).toContain(ref);
  for (const ref of refs) expect(told.granted.has(ref) || told.grantsAsked.has(ref), ref).toBe(true);
  const granted = grants.reduce((sum, { credits }) => sum + Number(credits), 0);
  expect(granted).toBe(FIRST_CREDITS + refs.length * GRANT);
  const [account] = database.prepare('SELECT purchased, allowance_used FROM accounts').all();
  expect(account).toMatchObject({ allowance_used: 0 });
  const spent = granted - Number(account?.['purchased']) + readUnbooked(database);
  expect(spent).toBeGreaterThanOrEqual(told.allowed);
  expect(spent).toBeLessThanOrEqual(told.allowed + told.unanswered);
  return spent;
}

/** What was charged to the one account and is not yet booked into it: the second of every four numbers of the log. */
function readUnbooked(database: DatabaseSync): number {
  const entries = database.prepare('SELECT entries FROM charge_log').all();
  return entries
    .flatMap(({ entries: bytes }) =>
      bytes instanceof Uint8Array ? [...new Float64Array(bytes.slice().buffer)] : [],
    )
    .reduce((sum, number, at) => (at % 4 === 1 ? sum + number : sum), 0);
}

/** After all of it a server still serves: every living key, no revoked one. */
async function checkServed(place: Place, told: Told): Promise<void> {
  const serving = await startServe(place);
  const client = createCheckClient(serving.address);
  try {
    for (const [id, key] of told.keys) {
      if (told.revokesAsked.has(id) && !told.revoked.has(id)) continue;
      expect(await ask(client, key, told)).toMatchObject({ allowed: !told.revoked.has(id) });
    }
  } finally {
    client.close();
    await end(serving);
  }
}

function control(place: Place): Operations {
  return createControlClient(`${databaseIn(place)}.sock`);
}

/** The one wait that a clock decides: a kill shall come at any moment. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
