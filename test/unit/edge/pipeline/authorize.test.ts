import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { BILLINGS, STANDINGS } from '../../../../src/domain/principal.ts';
import type { Billing, Standing } from '../../../../src/domain/principal.ts';
import { createPipelineWorld, makeKey, requestWith, START_MS, wordOf } from './world.ts';
import type { PipelineWorld } from './world.ts';

describe('the order of refusals', () => {
  let world: PipelineWorld;

  beforeEach(() => {
    world = createPipelineWorld();
  });

  afterEach(() => {
    world.close();
  });

  const set = (change: Parameters<PipelineWorld['operations']['setAccount']>[1]) =>
    world.operations.setAccount({ api: 'one', id: 'acme' }, change);

  test('is path, host, credential, key, address, standing, billing, rights, limits, credits', async () => {
    const { key, id } = await makeKey(world, { allowIps: ['203.0.113.7'], permissions: ['read'] });
    await set({ standing: 'suspended', billing: 'inactive' });
    const asked = { target: '/v1/write', peerAddress: '10.0.0.1', gatewayRequestId: '' };
    const check = async (parts: object = {}) =>
      wordOf(await world.check(requestWith(key, { ...asked, ...parts })));

    expect(await check({ host: 'other.example', target: '/v1//x' })).toBe('request_ambiguous');
    expect(await check({ host: 'other.example', headers: [] })).toBe('not_found');
    expect(await check({ target: '/v2/x', headers: [] })).toBe('not_found');
    expect(await check({ headers: [] })).toBe('credential_missing');
    expect(await check({ headers: [['authorization', 'Bearer x,y']] })).toBe('credential_invalid');
    expect(await check({ headers: [['authorization', 'Bearer one_x']] })).toBe('credential_invalid');
    expect(await check()).toBe('address_not_allowed');
    const inside = { peerAddress: '203.0.113.7' };
    expect(await check(inside)).toBe('account_suspended');
    await set({ standing: 'ok' });
    expect(await check(inside)).toBe('subscription_inactive');
    await set({ billing: 'active' });
    expect(await check(inside)).toBe('permission_missing');
    const paid = { ...inside, target: '/v1/paid' };
    expect(await check(paid)).toBe('insufficient_credits');
    for (let count = 0; count < 3; count += 1) await check({ ...inside, target: '/v1/free' });
    expect(await check(paid)).toBe('rate_limited');
    await world.operations.setKey({ api: 'one', id }, { expiresAt: '2026-11-22T12:00:01Z' });
    world.clock.advance(1_000);
    expect(await check()).toBe('credential_invalid');
  });

  test('a key works until the very instant of its end', async () => {
    const { key } = await makeKey(world, { expiresAt: '2026-11-22T12:00:05Z' });
    world.clock.advance(4_999);
    expect(wordOf(await world.check(requestWith(key)))).toBe('allow');
    world.clock.advance(1);
    expect(await world.check(requestWith(key))).toMatchObject({ denial: { fault: 'expired' } });
  });

  test('a refusal before the account is known names nobody, and one after it names them', async () => {
    const { key } = await makeKey(world);
    const unknown = await world.check(requestWith('one_unknown'));
    expect(unknown).not.toHaveProperty('principal');
    const known = await world.check(requestWith(key, { target: '/v1/write' }));
    expect(known).toMatchObject({ principal: { account: { id: 'acme' } }, tier: { name: 'free' } });
  });

  test('an account whose stored tier the configuration does not know is an outage, not a pass', async () => {
    const { key } = await makeKey(world);
    const found = world.api.tiers.findIndex(({ name }) => name === 'free');
    expect(found).toBe(0);
    (world.api.tiers as unknown[]).splice(0);
    expect(wordOf(await world.check(requestWith(key)))).toBe('outage of configuration');
  });
});

/** One world and one request. */
interface Situation {
  readonly standing: Standing;
  readonly billing: Billing;
  readonly trialEndsMs: number;
  readonly tier: string;
  readonly keyTier: string;
  readonly credits: number;
  readonly permissions: readonly string[];
  readonly role: string;
  readonly allowlist: readonly string[] | undefined;
  readonly peer: string;
  readonly expiresMs: number | undefined;
  readonly revoked: boolean;
  readonly nowMs: number;
  readonly path: string;
  readonly host: string;
  readonly credential: string;
  readonly usesBefore: number;
}

type Ways = { readonly [Name in keyof Situation]: fc.Arbitrary<Situation[Name]> };

/** A world and a request that are in order, each in several ways. */
const ORDERLY: Ways = {
  standing: fc.constantFrom('ok'),
  billing: fc.constantFrom('active', 'trialing'),
  trialEndsMs: fc.constantFrom(START_MS + 3_000),
  tier: fc.constantFrom('pro'),
  keyTier: fc.constantFrom('', 'pro'),
  credits: fc.integer({ min: 0, max: 3 }),
  permissions: fc.constantFrom(['read', 'write']),
  role: fc.constantFrom('admin'),
  allowlist: fc.constantFrom(undefined, ['203.0.113.0/24'], ['203.0.113.7', '2001:db8::/32']),
  peer: fc.constantFrom('203.0.113.7'),
  expiresMs: fc.constantFrom(undefined, START_MS + 9_000),
  revoked: fc.constantFrom(false),
  nowMs: fc.constantFrom(START_MS, START_MS + 2_000),
  path: fc.constantFrom('/v1/free', '/v1/paid', '/v1/write', '/v1/exports', '/v1/admin'),
  host: fc.constantFrom('one.example', 'ONE.example:443'),
  credential: fc.constantFrom('right'),
  usesBefore: fc.integer({ min: 0, max: 2 }),
};

/** What may be wrong instead; whether it is depends on the rest. */
const SUSPECT: Partial<Ways> = {
  standing: fc.constantFrom(...STANDINGS),
  billing: fc.constantFrom(...BILLINGS),
  trialEndsMs: fc.constantFrom(START_MS + 1_000),
  tier: fc.constantFrom('free'),
  keyTier: fc.constantFrom('free'),
  permissions: fc.constantFrom(['read']),
  role: fc.constantFrom(''),
  peer: fc.constantFrom('203.0.113.8', '2001:db8::9', '10.0.0.1', ''),
  expiresMs: fc.constantFrom(START_MS + 2_000),
  revoked: fc.constantFrom(true),
  path: fc.constantFrom('/v1/none', '/v1/%2e', '/v1/paid', '/v1/exports'),
  host: fc.constantFrom('two.example'),
  credential: fc.constantFrom('none', 'twice', 'comma', 'basic', 'bitten'),
  usesBefore: fc.constantFrom(3),
};
const SUSPECTS = Object.keys(SUSPECT) as (keyof Situation)[];

/** At most three things are suspect at once, so that each is often the only reason to refuse. */
const situation: fc.Arbitrary<Situation> = fc.subarray(SUSPECTS, { maxLength: 3 }).chain((names) => {
  const suspect = Object.fromEntries(names.map((name) => [name, SUSPECT[name] ?? ORDERLY[name]]));
  return fc.record({ ...ORDERLY, ...suspect });
});

const COST: Readonly<Record<string, number>> = { '/v1/paid': 2, '/v1/exports': 1 };

/** Every reason to refuse, written down from the documentation and not from the pipeline. */
function reasonsAgainst(s: Situation): string[] {
  const lowTier = s.tier === 'free' || s.keyTier === 'free' ? 'free' : 'pro';
  const allowance = s.tier === 'pro' ? 4 : 0;
  const inList = (list: readonly string[]) =>
    (s.peer.startsWith('203.0.113.') &&
      list.some((entry) => entry === '203.0.113.0/24' || entry === s.peer)) ||
    (s.peer.startsWith('2001:db8:') && list.includes('2001:db8::/32'));
  const against: [string, boolean][] = [
    ['place', s.path === '/v1/none' || s.path === '/v1/%2e' || s.host === 'two.example'],
    ['credential', s.credential !== 'right'],
    ['revoked', s.revoked],
    ['expired', s.expiresMs !== undefined && s.nowMs >= s.expiresMs],
    ['address', s.allowlist !== undefined && !inList(s.allowlist)],
    ['standing', s.standing !== 'ok'],
    ['billing', s.billing === 'inactive' || s.billing === 'trial_not_started'],
    ['trial', s.billing === 'trialing' && s.nowMs >= s.trialEndsMs],
    ['permission', s.path === '/v1/write' && !s.permissions.includes('write')],
    ['role', s.path === '/v1/admin' && s.role !== 'admin'],
    ['feature', s.path === '/v1/exports' && lowTier !== 'pro'],
    ['limit', s.usesBefore >= 3],
    ['credits', (COST[s.path] ?? 0) > allowance + s.credits],
  ];
  return against.filter(([, holds]) => holds).map(([reason]) => reason);
}

function headersFor(s: Situation, key: string): [string, string][] {
  const line: [string, string] = ['authorization', `Bearer ${key}`];
  switch (s.credential) {
    case 'none':
      return [];
    case 'twice':
      return [line, line];
    case 'comma':
      return [['authorization', `Bearer ${key},${key}`]];
    case 'basic':
      return [['authorization', `Basic ${key}`]];
    case 'bitten':
      return [['authorization', `Bearer ${key.slice(0, -1)}`]];
    default:
      return [line];
  }
}

test('allows exactly what no rule of the documentation speaks against, and takes credits only then', async () => {
  const world = createPipelineWorld();
  onTestFinished(() => world.close());
  let count = 0;
  const allows: boolean[] = [];
  await fc.assert(
    fc.asyncProperty(situation, async (s) => {
      count += 1;
      // The clock of one world only goes forward; each run has its own hour of it.
      const startMs = START_MS + count * 3_600_000;
      const shift = startMs - START_MS;
      world.clock.advance(startMs - world.clock.now().wallMs);
      const iso = (ms: number) => new Date(ms + shift).toISOString().replace('.000', '');
      const account = `a${count}`;
      await world.operations.createAccount({
        api: 'one',
        id: account,
        tier: s.tier,
        credits: s.credits,
        billing: 'active',
      });
      const made = await world.operations.createKey({
        api: 'one',
        account,
        name: 'a key',
        permissions: s.permissions,
        ...(s.keyTier === '' ? {} : { tier: s.keyTier }),
        ...(s.role === '' ? {} : { role: s.role }),
        ...(s.allowlist === undefined ? {} : { allowIps: s.allowlist }),
        ...(s.expiresMs === undefined ? {} : { expiresAt: iso(s.expiresMs) }),
      });
      const inside = s.allowlist === undefined ? '10.0.0.1' : '203.0.113.7';
      for (let use = 0; use < s.usesBefore; use += 1) {
        const used = await world.check(requestWith(made.key, { peerAddress: inside }));
        expect(wordOf(used)).toBe('allow');
      }
      const trialEnds = s.billing === 'trialing' ? { trialEnds: iso(s.trialEndsMs) } : {};
      await world.operations.setAccount(
        { api: 'one', id: account },
        { standing: s.standing, billing: s.billing, ...trialEnds },
      );
      if (s.revoked) await world.operations.revokeKey({ api: 'one', id: made.id });
      world.clock.advance(s.nowMs - START_MS);

      const before = (await world.operations.showAccount({ api: 'one', id: account })).credits.remaining;
      const decision = await world.check(
        requestWith(made.key, {
          target: s.path,
          host: s.host,
          peerAddress: s.peer,
          headers: headersFor(s, made.key),
        }),
      );
      const after = (await world.operations.showAccount({ api: 'one', id: account })).credits.remaining;
      const against = reasonsAgainst(s);
      allows.push(decision.kind === 'allow');
      expect({ allowed: decision.kind === 'allow', against }).toEqual({
        allowed: against.length === 0,
        against,
      });
      expect(before - after).toBe(decision.kind === 'allow' ? (COST[s.path] ?? 0) : 0);
    }),
    { numRuns: 400 },
  );
  // Both ends of the law were met often enough to mean something.
  expect(allows.filter(Boolean).length).toBeGreaterThan(80);
  expect(allows.filter((allowed) => !allowed).length).toBeGreaterThan(100);
});
