import { afterEach, describe, expect, test } from 'vitest';
import type { Decision } from '../../../../src/domain/decision.ts';
import { HOUR_MS, MINUTE_MS } from '../../../../src/domain/time.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { BUDGET_MS, createPipelineWorld, makeKey, requestWith, wordOf } from './world.ts';
import type { OnOutage, PipelineWorld } from './world.ts';

const paid = (key: string, id = '') => requestWith(key, { target: '/v1/paid', gatewayRequestId: id });

describe('spending', () => {
  const worlds: PipelineWorld[] = [];

  afterEach(() => {
    for (const world of worlds.splice(0)) world.close();
  });

  function open(onOutage?: OnOutage): PipelineWorld {
    const world = createPipelineWorld(onOutage);
    worlds.push(world);
    return world;
  }

  test('an allowed request takes one use of each limit and its price', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 5 });
    const decision = await world.check(paid(key));
    expect(decision).toMatchObject({ kind: 'allow', tier: { name: 'free' } });
    expect(decision.limits?.map((state) => [state.limit.name, state.remaining])).toEqual([
      ['key-minute', 2],
      ['account-hour', 4],
    ]);
    expect(await remaining(world, key)).toEqual([2, 4]);
    expect(await credits(world)).toBe(3);
  });

  test('a request over one limit takes nothing of the others and no credits, and the store is not asked', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 100 });
    for (let count = 0; count < 3; count += 1) expect(wordOf(await world.check(paid(key)))).toBe('allow');
    const refused = await world.check(paid(key));
    expect(refused).toMatchObject({ kind: 'deny', denial: { code: 'rate_limited' }, tier: { name: 'free' } });
    expect(refused.limits?.map(({ remaining: left }) => left)).toEqual([0, 2]);
    expect(await remaining(world, key)).toEqual([0, 2]);
    expect(world.asked).toHaveLength(3);
    expect(await credits(world)).toBe(94);
  });

  test('keys of one account share the account’s limit and nothing else', async () => {
    const world = open();
    const { key: first } = await makeKey(world);
    const { key: second } = await world.operations.createKey({
      api: 'one',
      account: 'acme',
      name: 'another',
      permissions: ['read'],
    });
    for (let count = 0; count < 3; count += 1) await world.check(requestWith(first));
    expect(await remaining(world, second)).toEqual([3, 2]);
    await world.check(requestWith(second));
    await world.check(requestWith(second));
    expect(wordOf(await world.check(requestWith(second)))).toBe('rate_limited');
    expect(await remaining(world, second)).toEqual([1, 0]);
  });

  test('a request without enough credits leaves its limits and the balance as they were', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 1 });
    for (let count = 0; count < 10; count += 1) {
      const refused = await world.check(paid(key));
      expect(wordOf(refused)).toBe('insufficient_credits');
      expect(refused.limits?.map(({ remaining: left }) => left)).toEqual([3, 5]);
    }
    expect(await remaining(world, key)).toEqual([3, 5]);
    expect(await credits(world)).toBe(1);
  });

  test('a bug while credits are charged stays a bug, and the limits are as they were', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 5 });
    world.beforeCharge = () => {
      throw new TypeError('broken');
    };
    await expect(world.check(paid(key))).rejects.toThrow('broken');
    world.beforeCharge = () => undefined;
    expect(await remaining(world, key)).toEqual([3, 5]);
    expect(await credits(world)).toBe(5);
  });

  test('a charge that fails at once, without a promise, gives the limits back as well: a bug stays one, an outage is one', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 5 });
    world.atCharge = () => {
      throw new TypeError('broken');
    };
    await expect(world.check(paid(key))).rejects.toThrow('broken');
    world.atCharge = () => {
      throw new DependencyDown('credits', 'the store is gone');
    };
    expect(wordOf(await world.check(paid(key)))).toBe('outage of credits');
    world.atCharge = () => undefined;
    expect(await remaining(world, key)).toEqual([3, 5]);
    expect(await credits(world)).toBe(5);
  });

  test('the monthly allowance is the account’s, whatever the key’s own tier', async () => {
    const world = open();
    const { key } = await makeKey(world, { tier: 'pro' });
    const { key: low } = await world.operations.createKey({
      api: 'one',
      account: 'acme',
      name: 'low',
      tier: 'free',
      permissions: ['read'],
    });
    expect(wordOf(await world.check(paid(low)))).toBe('allow');
    expect(wordOf(await world.check(paid(key)))).toBe('allow');
    expect(wordOf(await world.check(paid(low)))).toBe('insufficient_credits');
  });

  test('is told of what was spent, and of nothing that was refused, waived or free', async () => {
    const world = open({ limits: 'allow', credits: 'allow' });
    const { key } = await makeKey(world, { credits: 3 });
    await world.check(requestWith(key));
    expect(world.charged).toEqual([]);
    world.down.limits = true;
    await world.check(paid(key, 'r'));
    await world.check(paid(key, 'r'));
    expect(wordOf(await world.check(paid(key)))).toBe('insufficient_credits');
    world.down.credits = true;
    expect(await world.check(paid(key))).toMatchObject({ kind: 'allow', degraded: 'credits' });
    expect(world.charged).toEqual([2]);
  });

  test('a charge is waited for until six tenths of the gateway’s patience are over or the budget is, counted from the check’s own time', async () => {
    const world = open();
    const { key } = await makeKey(world, { credits: 20 });
    const { monotonicMs } = world.clock.now();
    // As if the check had waited for something else before.
    world.atCharge = () => world.clock.advance(100);
    await world.check({ ...paid(key), timeoutMs: 200 });
    await world.check({ ...paid(key), timeoutMs: 1_000 });
    await world.check(paid(key));
    expect(world.untils).toEqual([120, 100 + BUDGET_MS, 200 + BUDGET_MS].map((ms) => monotonicMs + ms));
  });

  describe('while the credits are down', () => {
    test('is an outage of the credits, and the limits are as they were', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      world.down.credits = true;
      for (let count = 0; count < 10; count += 1) {
        expect(wordOf(await world.check(paid(key)))).toBe('outage of credits');
      }
      world.down.credits = false;
      expect(await remaining(world, key)).toEqual([3, 5]);
      expect(await credits(world)).toBe(5);
    });

    test('costs nothing where the API waives it: allowed, marked, and the limits hold on', async () => {
      const world = open({ limits: 'deny', credits: 'allow' });
      const { key } = await makeKey(world, { credits: 5 });
      world.down.credits = true;
      for (let count = 0; count < 3; count += 1) {
        expect(await world.check(paid(key))).toMatchObject({ kind: 'allow', degraded: 'credits' });
      }
      expect(wordOf(await world.check(paid(key)))).toBe('rate_limited');
      world.down.credits = false;
      expect(await credits(world)).toBe(5);
    });

    test('does not touch a route that is free', async () => {
      const world = open();
      const { key } = await makeKey(world);
      world.down.credits = true;
      const decision = await world.check(requestWith(key));
      expect(wordOf(decision)).toBe('allow');
      expect(decision.kind === 'allow' ? decision.degraded : decision.kind).toBeUndefined();
    });
  });

  describe('while the limits are down', () => {
    test('is an outage of the limits and no credits are asked for', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      world.down.limits = true;
      expect(wordOf(await world.check(paid(key)))).toBe('outage of limits');
      expect(world.asked).toEqual([]);
    });

    test('is allowed and marked where the API waives it, and still pays', async () => {
      const world = open({ limits: 'allow', credits: 'deny' });
      const { key } = await makeKey(world, { credits: 3 });
      world.down.limits = true;
      const decision = await world.check(paid(key));
      expect(decision).toMatchObject({ kind: 'allow', degraded: 'limits', limits: [] });
      expect(wordOf(await world.check(paid(key)))).toBe('insufficient_credits');
      expect(await credits(world)).toBe(1);
    });

    test('with the credits down too, each is waived on its own', async () => {
      const limitsOnly = open({ limits: 'allow', credits: 'deny' });
      const both = open({ limits: 'allow', credits: 'allow' });
      for (const [world, word] of [
        [limitsOnly, 'outage of credits'],
        [both, 'allow'],
      ] as const) {
        const { key } = await makeKey(world, { credits: 3 });
        Object.assign(world.down, { limits: true, credits: true });
        const decision = await world.check(paid(key));
        expect(wordOf(decision)).toBe(word);
        if (decision.kind === 'allow') expect(decision.degraded).toBe('credits');
      }
    });

    test('a refusal for credits stands, also where the limits cannot be given back', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 1 });
      world.beforeCharge = () => (world.down.limits = true);
      expect(await world.check(paid(key))).toMatchObject({
        kind: 'deny',
        denial: { code: 'insufficient_credits' },
        limits: [],
      });
    });
  });

  test('identity, standing and rights are never waived', async () => {
    const world = open({ limits: 'allow', credits: 'allow' });
    const { key } = await makeKey(world, { credits: 5 });
    Object.assign(world.down, { limits: true, credits: true });
    expect(wordOf(await world.check(paid(`${key.slice(0, -1)}!`)))).toBe('credential_invalid');
    expect(wordOf(await world.check(requestWith('', { headers: [] })))).toBe('credential_missing');
    expect(wordOf(await world.check(requestWith(key, { target: '/v1/admin' })))).toBe('role_missing');
    await world.operations.setAccount({ api: 'one', id: 'acme' }, { standing: 'suspended' });
    expect(wordOf(await world.check(paid(key)))).toBe('account_suspended');
  });

  describe('what changed while the charge was on its way', () => {
    test('a key that was revoked is refused as invalid, and limits and credits are as they were', async () => {
      const world = open();
      const made = await makeKey(world, { credits: 5 });
      await world.check(requestWith(made.key));
      await world.operations.revokeKey({ api: 'one', id: made.id });
      const decision = await world.checkStale(paid(made.key));
      expect(decision).toMatchObject({
        kind: 'deny',
        denial: { code: 'credential_invalid', fault: 'revoked_meanwhile' },
      });
      expect(decision.limits?.map(({ remaining: left }) => left)).toEqual([2, 4]);
      expect(await credits(world)).toBe(5);
    });

    test('an account that was suspended is refused, and spends nothing', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      await world.check(requestWith(key));
      await world.operations.setAccount({ api: 'one', id: 'acme' }, { standing: 'suspended' });
      expect(wordOf(await world.checkStale(paid(key)))).toBe('account_suspended');
      expect(await credits(world)).toBe(5);
    });
  });

  describe('a check that the gateway sends again', () => {
    test('spends once, and tells the same', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      const first = await world.check(paid(key, 'request-1'));
      const second = await world.check(paid(key, 'request-1'));
      const told = ({ principal, ...rest }: Decision) => ({ ...rest, keyId: principal?.keyId });
      expect(told(second)).toEqual(told(first));
      expect(world.asked).toHaveLength(1);
      expect(await credits(world)).toBe(3);
      expect(await remaining(world, key)).toEqual([2, 4]);
    });

    test('joins the first one while that waits for its credits', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      const both = await Promise.all([world.check(paid(key, 'r')), world.check(paid(key, 'r'))]);
      expect(both.map(wordOf)).toEqual(['allow', 'allow']);
      expect(world.asked).toHaveLength(1);
      expect(await credits(world)).toBe(3);
    });

    test('is refused like the first', async () => {
      const world = open();
      const { key } = await makeKey(world);
      expect(wordOf(await world.check(paid(key, 'r')))).toBe('insufficient_credits');
      await world.operations.grantCredits({ api: 'one', id: 'acme' }, { credits: 10 });
      expect(wordOf(await world.check(paid(key, 'r')))).toBe('insufficient_credits');
      expect(wordOf(await world.check(paid(key, 'another')))).toBe('allow');
    });

    test('is asked anew after an outage, which is not remembered', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 5 });
      world.down.credits = true;
      expect(wordOf(await world.check(paid(key, 'r')))).toBe('outage of credits');
      world.down.credits = false;
      expect(wordOf(await world.check(paid(key, 'r')))).toBe('allow');
      expect(await credits(world)).toBe(3);
    });

    test('is refused where its key was revoked since, or its account suspended', async () => {
      const world = open();
      const made = await makeKey(world, { credits: 5 });
      expect(wordOf(await world.check(paid(made.key, 'r')))).toBe('allow');
      await world.operations.setAccount({ api: 'one', id: 'acme' }, { standing: 'suspended' });
      expect(wordOf(await world.check(paid(made.key, 'r')))).toBe('account_suspended');
      await world.operations.setAccount({ api: 'one', id: 'acme' }, { standing: 'ok' });
      await world.operations.revokeKey({ api: 'one', id: made.id });
      expect(wordOf(await world.check(paid(made.key, 'r')))).toBe('credential_invalid');
    });

    test('is a new check after five seconds, for another key, and without an id of the gateway’s', async () => {
      const world = open();
      const { key } = await makeKey(world, { credits: 20 });
      const { key: other } = await world.operations.createKey({
        api: 'one',
        account: 'acme',
        name: 'another',
        permissions: ['read'],
      });
      await world.check(paid(key, 'r'));
      await world.check(paid(other, 'r'));
      world.clock.advance(5_000);
      await world.check(paid(key, 'r'));
      world.clock.advance(MINUTE_MS);
      await world.check(paid(key));
      await world.check(paid(key));
      expect(world.asked).toHaveLength(5);
      world.clock.advance(HOUR_MS);
      expect(await remaining(world, key)).toEqual([3, 5]);
    });
  });

  test('inspecting takes nothing and shows how the limits stand', async () => {
    const world = open();
    const { key } = await makeKey(world);
    await world.check(requestWith(key));
    for (let count = 0; count < 10; count += 1) expect(await remaining(world, key)).toEqual([2, 4]);
    expect(wordOf(await world.inspect(paid(key)))).toBe('allow');
    expect(wordOf(await world.inspect(requestWith('one_unknown')))).toBe('credential_invalid');
    expect(world.asked).toEqual([]);
    world.down.limits = true;
    expect(wordOf(await world.inspect(requestWith(key)))).toBe('outage of limits');
  });
});

async function remaining(world: PipelineWorld, key: string): Promise<readonly number[]> {
  const { limits = [] } = await world.inspect(requestWith(key));
  return limits.map((state) => state.remaining);
}

async function credits({ operations }: PipelineWorld, id = 'acme'): Promise<number> {
  return (await operations.showAccount({ api: 'one', id })).credits.remaining;
}
