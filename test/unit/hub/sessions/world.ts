import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Api } from '../../../../src/domain/policy.ts';
import type { SessionRules } from '../../../../src/domain/token.ts';
import { createSessionEngine } from '../../../../src/hub/sessions/create-session-engine.ts';
import type { SessionAnswer, SessionEngine, SessionTokens } from '../../../../src/hub/sessions/engine.ts';
import { createSigningKeys } from '../../../../src/hub/sessions/signing-keys.ts';
import type { SigningKeys } from '../../../../src/hub/sessions/signing-keys.ts';
import type { Declared } from '../../../../src/hub/store/declared.ts';
import type { StoredSession } from '../../../../src/hub/store/sessions.ts';
import { openSqliteStore } from '../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore, SqliteStoreOptions } from '../../../../src/hub/store/sqlite/open.ts';
import type { StoreWrites } from '../../../../src/hub/store/store.ts';
import type { PepperRing } from '../../../../src/lib/key-digest.ts';
import { createSealer } from '../../../../src/lib/seal.ts';
import type { SealingRing } from '../../../../src/lib/seal.ts';
import { BY } from '../../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../../contract/store.ts';
import { POLICY } from '../operations/world.ts';

export const START_MS = Date.UTC(2026, 10, 22, 12);
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export const RULES: SessionRules = {
  issuer: 'https://alpha.example',
  audience: 'https://alpha.example/api',
  algorithm: 'EdDSA',
  accessLifetimeMs: 10 * MINUTE_MS,
  lifetimeMs: 30 * DAY_MS,
  idleMs: 7 * DAY_MS,
  leewayMs: 5_000,
  tier: -1,
};

/** An API of the name, with sessions under the rules. */
export function apiWith(name: string, rules: Partial<SessionRules> = {}): Api {
  const [plain] = POLICY.apis;
  if (plain === undefined) throw new Error('no API to begin with');
  const keys = { ...plain.keys, prefix: `${name.slice(0, 2)}_` };
  return { ...plain, name, keys, tokens: { issuers: [], sessions: { ...RULES, ...rules } } };
}

export const API = apiWith('alpha');
export const KEY = refOf(1).id;
export const PEPPERS: PepperRing = { current: { id: 'p1', secret: Buffer.alloc(32, 1) }, retired: [] };
export const SEALING: SealingRing = { current: { id: 's1', secret: Buffer.alloc(32, 2) }, retired: [] };

export interface SessionsWorld {
  readonly engine: SessionEngine;
  readonly signing: SigningKeys;
  readonly store: SqliteStore;
  readonly path: string;
  readonly reused: StoredSession[];
  readonly nowMs: () => number;
  readonly moveTo: (wallMs: number) => void;
  readonly pass: (ms: number) => void;
  /** Another engine on the same database and clock, as another process would have it. */
  readonly another: (change?: AnotherChange) => Pick<SessionsWorld, 'engine' | 'signing' | 'store'>;
  /** Every byte that lies in the database's folder. */
  readonly bytes: () => Buffer;
}

export interface AnotherChange {
  readonly peppers?: PepperRing;
  readonly sealing?: SealingRing;
  readonly declared?: Declared;
  readonly writes?: Partial<StoreWrites>;
  readonly bounds?: SqliteStoreOptions['sessionBounds'];
}

/** A database with the account `acme` and its key KEY, which may `read` and `write`. */
export async function createSessionsWorld(change: AnotherChange = {}): Promise<SessionsWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sessions-'));
  const path = join(folder, 't.db');
  const opened: SqliteStore[] = [];
  onTestFinished(() => {
    for (const store of opened) store.close();
    rmSync(folder, { recursive: true });
  });
  let wallMs = START_MS;
  const reused: StoredSession[] = [];
  const another = ({
    peppers = PEPPERS,
    sealing = SEALING,
    declared,
    writes = {},
    bounds,
  }: AnotherChange = {}) => {
    const store = openSqliteStore({
      path,
      apiNames: ['alpha', 'beta'],
      ...(declared === undefined ? {} : { declared }),
      ...(bounds === undefined ? {} : { sessionBounds: bounds }),
    });
    opened.push(store);
    const all = { ...store.writes, ...writes };
    const signing = createSigningKeys({ reads: store.reads, writes: all, sealer: createSealer(sealing) });
    const engine = createSessionEngine({
      writes: all,
      signing,
      peppers,
      clock: { now: () => ({ wallMs, monotonicMs: 0 }) },
      random: (byteCount) => randomBytes(byteCount),
      onReused: (session) => reused.push(session),
    });
    return { engine, signing, store };
  };
  const first = another(change);
  await first.store.writes.insertAccount(newAccount({ createdMs: START_MS }), BY);
  const profile = { tier: '', permissions: ['read', 'write'], role: '', limits: [] };
  await first.store.writes.insertKeys([newKey(1, { profile })], BY);
  return {
    ...first,
    another,
    path,
    reused,
    nowMs: () => wallMs,
    moveTo(nextMs) {
      wallMs = nextMs;
    },
    pass(ms) {
      wallMs += ms;
    },
    bytes: () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))),
  };
}

/** What was granted; throws where it was refused. */
export function tokensOf(answer: SessionAnswer): SessionTokens {
  if (answer.result === 'granted') return answer.tokens;
  throw new Error(`refused: ${answer.reason}`);
}

/** A new session's tokens, its refresh token present. */
export async function begin(world: Pick<SessionsWorld, 'engine'>, api = API): Promise<Pair> {
  return pairOf(await world.engine.exchange(api, { keyId: KEY, grant: 'refreshable' }));
}

export interface Pair extends SessionTokens {
  readonly refreshToken: string;
}

export function pairOf(answer: SessionAnswer): Pair {
  const { refreshToken, ...tokens } = tokensOf(answer);
  if (refreshToken === undefined) throw new Error('no refresh token');
  return { ...tokens, refreshToken };
}

export function refusalOf(answer: SessionAnswer): string {
  return answer.result === 'refused' ? answer.reason : 'granted';
}
