import { describe, expect, it } from 'vitest';
import { CREDITS_MAX } from '../../../../src/hub/store/accounts.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { createWorld, expectRefused, START_MS } from './world.ts';

/** What a file may say of a month: `src/config/schema/tiers.ts`. */
const ALLOWANCE_MAX = 1_000_000_000_000;
const TRACK = { api: 'track', id: 'acme' };

describe('a new account', () => {
  it('gets the default tier, active billing and the month’s allowance', async () => {
    const { operations } = createWorld();
    expect(await operations.createAccount({ ...TRACK, credits: 7 })).toEqual({
      id: 'acme',
      api: 'track',
      tier: 'free',
      standing: 'ok',
      billing: 'active',
      trial_ends: null,
      credits: { remaining: 507, monthly_allowance: 500, purchased: 7 },
      created_at: '2026-11-22T12:00:00Z',
    });
  });

  it('has no tier where its API has none, and no trial yet where its API has billing', async () => {
    const { operations } = createWorld();
    expect(await operations.createAccount({ api: 'plain', id: 'a' })).toMatchObject({ tier: null });
    expect(await operations.createAccount({ api: 'trials', id: 'a' })).toMatchObject({
      billing: 'trial_not_started',
    });
  });

  it('may begin on trial, with an end that may lie in the past', async () => {
    const { operations } = createWorld();
    const input = { api: 'trials', id: 'a', billing: 'trialing' } as const;
    await expectRefused(operations.createAccount(input), 'invalid', /time at which the trial ends/);
    const trialEnds = '2020-02-29T00:00:00Z';
    expect(await operations.createAccount({ ...input, trialEnds })).toMatchObject({
      billing: 'trialing',
      trial_ends: trialEnds,
    });
  });

  it('is refused with the known names where its API, tier or billing is unknown', async () => {
    const { operations } = createWorld();
    await expectRefused(
      operations.createAccount({ api: 'no', id: 'a' }),
      'not_found',
      /plain, track, clear, trials/,
    );
    await expectRefused(
      operations.createAccount({ ...TRACK, tier: 'gold' }),
      'invalid',
      /known are free, pro$/,
    );
    await expectRefused(
      operations.createAccount({ api: 'plain', id: 'a', tier: 'free' }),
      'invalid',
      /plain has no tiers/,
    );
    const billing = 'paid' as 'active';
    await expectRefused(
      operations.createAccount({ ...TRACK, billing }),
      'invalid',
      /known are active, trialing/,
    );
  });

  it.each(['', '-a', 'a b', 'a\n', 'ä', 'a/b', 'a'.repeat(65)])('is refused the id %j', async (id) => {
    await expectRefused(
      createWorld().operations.createAccount({ api: 'track', id }),
      'invalid',
      /account id/,
    );
  });

  it.each(['A', '0', 'a@b.c', 'org:1_2-3', 'a'.repeat(64)])('may have the id %j', async (id) => {
    expect(await createWorld().operations.createAccount({ api: 'track', id })).toMatchObject({ id });
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('is refused %d credits', async (credits) => {
    await expectRefused(createWorld().operations.createAccount({ ...TRACK, credits }), 'invalid', /credits/);
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-12-01',
    '2026-12-01T00:00:00+02:00',
    '10000-01-01T00:00:00Z',
    'soon',
  ])('is refused a trial until %j', async (trialEnds) => {
    const input = { api: 'trials', id: 'a', trialEnds };
    await expectRefused(createWorld().operations.createAccount(input), 'invalid', /time in UTC/);
  });

  it('is refused an id that is taken, and the first keeps what it has', async () => {
    const { operations } = createWorld();
    await operations.createAccount({ ...TRACK, credits: 1 });
    await expectRefused(operations.createAccount({ ...TRACK, credits: 9 }), 'conflict', /already/);
    expect((await operations.showAccount(TRACK)).credits.purchased).toBe(1);
  });
});

describe('an account', () => {
  it('with all the credits that it may hold shows them to the last digit, its allowance included', async () => {
    const { operations } = createWorld();
    const { credits } = await operations.createAccount({ ...TRACK, credits: CREDITS_MAX });
    expect(BigInt(credits.remaining)).toBe(BigInt(CREDITS_MAX) + 500n);
    expect(Number.isSafeInteger(CREDITS_MAX + ALLOWANCE_MAX)).toBe(true);
  });

  it('is shown with what is left of this month’s allowance', async () => {
    const { operations, store, moveTo } = createWorld();
    await operations.createAccount({ ...TRACK, credits: 10 });
    store.keeper.charge([{ accountRow: 1, keyRow: 0, cost: 505, allowance: 500, wallMs: START_MS }]);
    expect((await operations.showAccount(TRACK)).credits).toEqual({
      remaining: 5,
      monthly_allowance: 500,
      purchased: 5,
    });
    moveTo(Date.UTC(2026, 11, 1));
    expect((await operations.showAccount(TRACK)).credits.remaining).toBe(505);
  });

  it('changes tier, billing, trial and standing, each alone', async () => {
    const { operations } = createWorld();
    await operations.createAccount({ api: 'trials', id: 'a' });
    const ref = { api: 'trials', id: 'a' };
    const trialEnds = '2027-01-01T00:00:00Z';
    await operations.setAccount(ref, { billing: 'trialing', trialEnds });
    expect(await operations.setAccount(ref, { standing: 'disabled' })).toMatchObject({
      billing: 'trialing',
      trial_ends: trialEnds,
      standing: 'disabled',
    });
    await expectRefused(operations.setAccount(ref, { trialEnds: null }), 'invalid', /trial ends/);
    await operations.setAccount(ref, { billing: 'active', trialEnds: null, standing: 'ok' });
    expect(await operations.showAccount(ref)).toMatchObject({ trial_ends: null, standing: 'ok' });
  });

  it('is not changed where nothing or something unknown is asked', async () => {
    const { operations } = createWorld();
    await operations.createAccount(TRACK);
    await expectRefused(operations.setAccount(TRACK, {}), 'invalid', /nothing to change/);
    await expectRefused(operations.setAccount(TRACK, { tier: 'gold' }), 'invalid', /free, pro/);
    const standing = 'gone' as 'ok';
    await expectRefused(operations.setAccount(TRACK, { standing }), 'invalid', /ok, suspended, disabled/);
  });

  it('is not found in another API', async () => {
    const { operations } = createWorld();
    await operations.createAccount(TRACK);
    const elsewhere = { api: 'plain', id: 'acme' };
    await expectRefused(operations.showAccount(elsewhere), 'not_found', /plain has no account "acme"/);
    await expectRefused(operations.setAccount(elsewhere, { standing: 'ok' }), 'not_found', /no account/);
    await expectRefused(operations.grantCredits(elsewhere, { credits: 1 }), 'not_found', /no account/);
  });

  it('that a file declares lets only its standing be set', async () => {
    const account = { ...TRACK, tier: 'pro', billing: 'active', trialEndsMs: null, createdMs: 0 } as const;
    const { operations } = createWorld({ declared: { accounts: [account], keys: [] } });
    await expectRefused(operations.setAccount(TRACK, { tier: 'free' }), 'read_only', /configuration file/);
    expect(await operations.setAccount(TRACK, { standing: 'suspended' })).toMatchObject({
      tier: 'pro',
      standing: 'suspended',
    });
  });
});

describe('a grant', () => {
  it('counts once under a reference and every time without one', async () => {
    const { operations } = createWorld();
    await operations.createAccount(TRACK);
    await operations.grantCredits(TRACK, { credits: 5, ref: 'invoice-17' });
    expect((await operations.grantCredits(TRACK, { credits: 9, ref: 'invoice-17' })).credits.purchased).toBe(
      5,
    );
    await operations.grantCredits(TRACK, { credits: 5 });
    expect((await operations.grantCredits(TRACK, { credits: 5 })).credits.purchased).toBe(15);
  });

  it.each([0, -5, 0.5, 2 ** 53])('of %d credits is refused', async (credits) => {
    const { operations } = createWorld();
    await operations.createAccount(TRACK);
    await expectRefused(operations.grantCredits(TRACK, { credits }), 'invalid', /credits/);
  });

  it.each(['', '  ', 'a\u0000', 'x'.repeat(129)])('under the reference %j is refused', async (ref) => {
    const { operations } = createWorld();
    await operations.createAccount(TRACK);
    await expectRefused(operations.grantCredits(TRACK, { credits: 1, ref }), 'invalid', /reference/);
  });

  it('beyond what an account can hold is refused', async () => {
    const { operations } = createWorld();
    await operations.createAccount({ ...TRACK, credits: CREDITS_MAX });
    await expectRefused(operations.grantCredits(TRACK, { credits: 1 }), 'invalid', /at most/);
  });
});

it('a store that does not answer is told apart from a refusal', async () => {
  const { deps } = createWorld();
  const reads = {
    ...deps.reads,
    findAccount: () => Promise.reject(new DependencyDown('directory', 'locked')),
  };
  await expectRefused(createWorld({ reads }).operations.showAccount(TRACK), 'unavailable', /does not answer/);
});
