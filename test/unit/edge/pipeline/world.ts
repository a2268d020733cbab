import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../../../../src/config/compile.ts';
import type { ChargeOutcome, CreditCharge } from '../../../../src/domain/credits.ts';
import type { Decision } from '../../../../src/domain/decision.ts';
import { FEED_START } from '../../../../src/domain/feed.ts';
import type { CreatedKey, NewKey, Operations } from '../../../../src/domain/operations.ts';
import type { Api, Policy } from '../../../../src/domain/policy.ts';
import type { AuthzRequest } from '../../../../src/domain/request.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import { authorize, inspect } from '../../../../src/edge/pipeline/authorize.ts';
import { findPlace } from '../../../../src/edge/pipeline/route.ts';
import { createRepeats } from '../../../../src/edge/repeats/memory.ts';
import { createOperations } from '../../../../src/hub/operations/operations.ts';
import { openSqliteStore } from '../../../../src/hub/store/sqlite/open.ts';
import { createKeyHasher } from '../../../../src/lib/key-digest.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import type { CounterStore, Eventually } from '../../../../src/ports.ts';
import { createTestClock } from '../../../world.ts';
import { load } from '../../config/world.ts';
import { requestOf } from './request.ts';

export const START_MS = Date.UTC(2026, 10, 22, 12);
/** `check.budget`. */
export const BUDGET_MS = 150;

/** An API with all that a check can meet. */
export const FULL_API = `api: one
hosts: [one.example]
keys: { prefix: one_ }
permissions: [read, write]
roles: [admin]
billing: true
default_tier: free
tiers:
  free: { limits: { key: [3/minute], account: [5/hour] } }
  pro: { credits: { monthly: 4 }, limits: { key: [3/minute] }, features: [exports] }
areas:
  - path: /v1
    challenge: Bearer realm="one"
    credentials:
      - api_key: { header: Authorization, scheme: Bearer }
    routes:
      - { path: /free }
      - { path: /paid, credits: 2 }
      - { path: /write, needs: { permission: write } }
      - { path: /exports, credits: 1, needs: { feature: exports } }
      - { path: /admin, needs: { role: admin } }
on_outage: { limits: deny, credits: deny }
errors:
  body: { error: { code: $code, message: $message } }
  request_ambiguous: { code: bad, message: Bad }
  not_found: { code: nope, message: Nope }
  credential_invalid: { code: unauthorized, message: Unauthorized }
  credential_missing: { same_as: credential_invalid }
  account_suspended: { same_as: credential_invalid }
  account_disabled: { same_as: credential_invalid }
  trial_not_started: { code: trial, message: Trial }
  trial_expired: { same_as: trial_not_started }
  subscription_inactive: { same_as: trial_not_started }
  permission_missing: { code: forbidden, message: Forbidden }
  feature_missing: { same_as: permission_missing }
  role_missing: { same_as: permission_missing }
  address_not_allowed: { same_as: permission_missing }
  rate_limited: { code: slow, message: Slow down }
  insufficient_credits: { code: pay, message: Pay }
  unavailable: { code: down, message: Down }
  internal_error: { code: bug, message: Bug }
`;

export interface OnOutage {
  readonly limits: 'deny' | 'allow';
  readonly credits: 'deny' | 'allow';
}

/** What may die in a test; the real one works again when it is taken out. */
export interface Down {
  limits: boolean;
  credits: boolean;
}

/** The real store, directory, counters and memory of repeats, joined without any carrier, on a clock that the test moves. */
export interface PipelineWorld {
  readonly policy: Policy;
  readonly api: Api;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly operations: Operations;
  readonly down: Down;
  /** Runs when a charge is asked for, before there is a promise. */
  atCharge: () => void;
  /** Runs just before the store commits a charge, as if meanwhile. */
  beforeCharge: () => void;
  /** Charges that the store was asked for. */
  readonly asked: readonly CreditCharge[];
  /** Until when each charge was waited for. */
  readonly untils: readonly (number | undefined)[];
  /** What checks were told to have spent, in order. */
  readonly charged: readonly number[];
  /** The decision with everything known that stands in the store. */
  check(request: AuthzRequest): Promise<Decision>;
  /** The decision with what the edge knew before. */
  checkStale(request: AuthzRequest): Promise<Decision>;
  inspect(request: AuthzRequest): Promise<Decision>;
  close(): void;
}

export function createPipelineWorld(onOutage: OnOutage = { limits: 'deny', credits: 'deny' }): PipelineWorld {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-pipeline-'));
  const outages = `on_outage: { limits: ${onOutage.limits}, credits: ${onOutage.credits} }`;
  const api = FULL_API.replace(/^on_outage: .*$/m, outages);
  const policy = compile(load({ api }).document);
  const hasher = createKeyHasher({ current: { id: 'p1', secret: randomBytes(32) }, retired: [] });
  const store = openSqliteStore({ path: join(folder, 'tollgate.db'), apiNames: ['one'] });
  const clock = createTestClock(START_MS);
  const directory = createDirectory({ apis: policy.apis, hasher });
  const operations = createOperations({
    actor: { name: 'cli:tester', source: 'cli-store', requestId: '' },
    policy,
    reads: store.reads,
    writes: store.writes,
    hasher,
    sealer: undefined,
    signing: { rotate: () => Promise.reject(new Error('nothing is signed here')) },
    random: randomBytes,
    clock,
    confirm: () => Promise.resolve([]),
  });
  const down: Down = { limits: false, credits: false };
  const asked: CreditCharge[] = [];
  const charged: number[] = [];
  const untils: (number | undefined)[] = [];
  const world = { atCharge: (): void => undefined, beforeCharge: (): void => undefined };
  const commit = async (demand: CreditCharge): Promise<ChargeOutcome> => {
    asked.push(demand);
    // Another turn: as every store, this one answers later.
    await Promise.resolve();
    world.beforeCharge();
    if (down.credits) throw new DependencyDown('credits', 'the store is gone');
    const [outcome] = store.keeper.charge([demand]);
    if (outcome === undefined) throw new Error('no outcome');
    const { result, remaining } = outcome;
    if (result === 'balance_unknown')
      throw new DependencyDown('credits', 'what the account has is not known');
    return { result, remaining };
  };
  const ports = {
    directory,
    subjects: directory,
    tokens: { verify: () => 'token_issuer' as const },
    counters: dying(createMemoryCounters({ slotsMax: 1_000 }), down),
    credits: {
      charge(demand: CreditCharge, untilMs?: number) {
        untils.push(untilMs);
        world.atCharge();
        return commit(demand);
      },
    },
    repeats: createRepeats({ recordsMax: 1_000 }),
    budgetMs: BUDGET_MS,
    onCharged: (_: Api, credits: number) => void charged.push(credits),
  };
  let cursor = FEED_START;
  const catchUp = (): void => {
    for (let batch = store.keeper.read(cursor); batch !== undefined; batch = store.keeper.read(cursor)) {
      directory.apply(batch);
      cursor = batch.cursor;
    }
  };
  const ask = async (decide: typeof authorize, request: AuthzRequest): Promise<Decision> =>
    decide({ request, place: findPlace(policy, request), now: clock.now() }, ports);
  return Object.assign(world, {
    policy,
    api: policy.apis[0] as Api,
    clock,
    operations,
    down,
    asked,
    charged,
    untils,
    check(request: AuthzRequest) {
      catchUp();
      return ask(authorize, request);
    },
    checkStale: (request: AuthzRequest) => ask(authorize, request),
    inspect(request: AuthzRequest) {
      catchUp();
      return ask(inspect, request);
    },
    close() {
      store.close();
      rmSync(folder, { recursive: true });
    },
  });
}

/** The real counters, behind a line that may be cut. */
function dying(counters: CounterStore, down: Down): CounterStore {
  const guard = <T>(ask: () => Eventually<T>): Eventually<T> => {
    if (down.limits) throw new DependencyDown('limits', 'nobody answers');
    return ask();
  };
  return {
    take: (charges, now) => guard(() => counters.take(charges, now)),
    giveBack: (charges, taken, now) => guard(() => counters.giveBack(charges, taken, now)),
    peek: (charges, now) => guard(() => counters.peek(charges, now)),
  };
}

/** A key of an account, both new. */
export async function makeKey(
  { operations }: Pick<PipelineWorld, 'operations'>,
  {
    account = 'acme',
    tier = 'free',
    credits = 0,
    ...key
  }: Partial<NewKey> & { readonly tier?: string; readonly credits?: number } = {},
): Promise<CreatedKey> {
  await operations.createAccount({ api: 'one', id: account, tier, credits, billing: 'active' });
  return operations.createKey({ api: 'one', account, name: 'a key', permissions: ['read'], ...key });
}

/** A request with a key, from a gateway that gives every request an id of its own unless the test says one. */
export function requestWith(
  key: string,
  parts: Parameters<typeof requestOf>[0] = {},
): ReturnType<typeof requestOf> {
  return requestOf({
    host: 'one.example',
    target: '/v1/free',
    headers: [['authorization', `Bearer ${key}`]],
    ...parts,
  });
}

/** In one word: `allow`, a denial's code, or the outage of what. */
export function wordOf(decision: Decision): string {
  if (decision.kind === 'deny') return decision.denial.code;
  if (decision.kind === 'outage') return `outage of ${decision.dependency}`;
  return decision.kind;
}
