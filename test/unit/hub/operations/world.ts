import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ErrorRow } from '../../../../src/domain/error-profile.ts';
import type { Actor } from '../../../../src/domain/audit.ts';
import { OperationRefused } from '../../../../src/domain/operations.ts';
import type { OperationFault, Operations } from '../../../../src/domain/operations.ts';
import type { Api, Policy } from '../../../../src/domain/policy.ts';
import type { SessionRules } from '../../../../src/domain/token.ts';
import type { OperationsDeps } from '../../../../src/hub/operations/context.ts';
import { createOperations } from '../../../../src/hub/operations/operations.ts';
import { createSigningKeys } from '../../../../src/hub/sessions/signing-keys.ts';
import { openSqliteStore } from '../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../src/hub/store/sqlite/open.ts';
import type { Declared } from '../../../../src/hub/store/declared.ts';
import { createKeyHasher } from '../../../../src/lib/key-digest.ts';
import type { Pepper } from '../../../../src/lib/key-digest.ts';
import { createSealer } from '../../../../src/lib/seal.ts';

export const START_MS = Date.UTC(2026, 10, 22, 12, 0, 0, 900);

export interface World {
  readonly operations: Operations;
  readonly deps: OperationsDeps;
  readonly store: SqliteStore;
  readonly moveTo: (wallMs: number) => void;
  /** Every byte that lies in the database's folder. */
  readonly bytes: () => Buffer;
  readonly path: string;
  /** The same database, whose new keys are digested under another pepper. */
  readonly withPeppers: (current: Pepper, retired: readonly Pepper[]) => Operations;
}

export const TESTER: Actor = { name: 'cli:tester', source: 'cli-store', requestId: '' };

export const PEPPER: Pepper = { id: 'p1', secret: Buffer.alloc(32, 1) };

const row: ErrorRow = { status: 500, contentType: 'application/json', message: '', body: [] };
const errors = { rows: new Proxy({}, { get: () => row }) } as Api['errors'];

function createApi(index: number, change: Partial<Api>): Api {
  return {
    index,
    name: `api${index}`,
    areas: [],
    keys: { prefix: `p${index}_`, imports: false, sealed: false },
    tiers: [{ index: 0, name: '', monthlyCredits: 0, limits: [], features: new Set() }],
    defaultTier: 0,
    permissions: [],
    roles: [],
    billing: false,
    tokens: { issuers: [] },
    clientAddress: { from: 'peer' },
    onOutage: { limits: 'deny', credits: 'deny' },
    errors,
    limitHeaders: { xRateLimit: true, ietf: false },
    upstream: [],
    ...change,
  };
}

function tiersOf(names: Readonly<Record<string, number>>): Api['tiers'] {
  return Object.entries(names).map(([name, monthlyCredits], index) => ({
    index,
    name,
    monthlyCredits,
    limits: [],
    features: new Set<string>(),
  }));
}

const SESSIONS: SessionRules = {
  issuer: 'https://track.example',
  audience: 'https://track.example/api',
  algorithm: 'EdDSA',
  accessLifetimeMs: 600_000,
  lifetimeMs: 86_400_000,
  idleMs: 3_600_000,
  leewayMs: 5_000,
  tier: -1,
};

/** `plain` has nothing that may be left out, `track` tiers, roles and sessions, `clear` permissions, imports and sealed keys, `trials` billing. */
export const POLICY: Policy = {
  apis: [
    createApi(0, { name: 'plain', keys: { prefix: 'pl_', imports: false, sealed: false } }),
    createApi(1, {
      name: 'track',
      keys: { prefix: 'ty_', imports: true, sealed: false },
      tiers: tiersOf({ free: 500, pro: 2_000 }),
      roles: ['admin'],
      tokens: { issuers: [], sessions: SESSIONS },
    }),
    createApi(2, {
      name: 'clear',
      keys: { prefix: 'cl_', imports: true, sealed: true },
      permissions: ['read', 'write'],
    }),
    createApi(3, { name: 'trials', billing: true }),
  ],
  apiByHost: new Map(),
  fallbackErrors: errors,
  credentialHeaders: [],
};

export function createWorld(change: Partial<OperationsDeps> & { readonly declared?: Declared } = {}): World {
  const { declared, ...deps } = change;
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-operations-'));
  const path = join(folder, 't.db');
  const store = openSqliteStore({
    path,
    apiNames: POLICY.apis.map(({ name }) => name),
    ...(declared === undefined ? {} : { declared }),
  });
  onTestFinished(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  const sealer = createSealer({ current: { id: 's1', secret: Buffer.alloc(32, 2) }, retired: [] });
  let wallMs = START_MS;
  const all: OperationsDeps = {
    actor: TESTER,
    policy: POLICY,
    reads: store.reads,
    writes: store.writes,
    hasher: createKeyHasher({ current: PEPPER, retired: [] }),
    sealer,
    signing: createSigningKeys({ reads: store.reads, writes: store.writes, sealer }),
    random: (byteCount) => randomBytes(byteCount),
    clock: { now: () => ({ wallMs, monotonicMs: 0 }) },
    confirm: async () => [],
    ...deps,
  };
  return {
    operations: createOperations(all),
    deps: all,
    store,
    path,
    moveTo(nextMs) {
      wallMs = nextMs;
    },
    bytes: () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))),
    withPeppers: (current, retired) =>
      createOperations({ ...all, hasher: createKeyHasher({ current, retired }) }),
  };
}

/** The refusal that an operation must answer with: its fault, and words that its message must hold. */
export async function expectRefused(
  operation: Promise<unknown>,
  fault: OperationFault,
  words: RegExp,
): Promise<void> {
  const refusal: unknown = await operation.then(
    () => expect.fail('the operation was not refused'),
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(OperationRefused);
  expect(refusal).toMatchObject({ fault });
  expect((refusal as Error).message).toMatch(words);
}
