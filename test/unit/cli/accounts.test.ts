import { describe, expect, it } from 'vitest';
import { ACCOUNT } from '../hub/control/fake-operations.ts';
import { run } from './run.ts';

const ID = ['--api', 'trackyard', '--id', 'acme'];
const REF = { api: 'trackyard', id: 'acme' };

describe('accounts', () => {
  it.each([
    [
      [
        'create',
        ...ID,
        '--tier',
        'free',
        '--billing',
        'trialing',
        '--trial-ends',
        '2026-12-01T00:00:00Z',
        '--credits',
        '500',
      ],
      'createAccount',
      [{ ...REF, tier: 'free', billing: 'trialing', trialEnds: '2026-12-01T00:00:00Z', credits: 500 }],
    ],
    [['create', ...ID], 'createAccount', [REF]],
    [
      ['create', ...ID, '--trial-ends', '14d'],
      'createAccount',
      [{ ...REF, trialEnds: '2026-12-06T08:00:00Z' }],
    ],
    [['create', ...ID, '--credits', '0'], 'createAccount', [{ ...REF, credits: 0 }]],
    [['show', ...ID], 'showAccount', [REF]],
    [
      ['grant', ...ID, '--credits', '100', '--ref', 'invoice-17'],
      'grantCredits',
      [REF, { credits: 100, ref: 'invoice-17' }],
    ],
    [['grant', ...ID, '--credits', '1'], 'grantCredits', [REF, { credits: 1 }]],
    [
      ['set', ...ID, '--tier', 'pro', '--standing', 'disabled'],
      'setAccount',
      [REF, { tier: 'pro', standing: 'disabled' }],
    ],
    [
      ['set', ...ID, '--billing', 'active', '--no-trial-ends'],
      'setAccount',
      [REF, { billing: 'active', trialEnds: null }],
    ],
    [['set', ...ID, '--trial-ends', 'none'], 'setAccount', [REF, { trialEnds: null }]],
    [
      ['set', ...ID, '--trial-ends', '2027-01-01'],
      'setAccount',
      [REF, { trialEnds: '2027-01-01T00:00:00Z' }],
    ],
    [['suspend', ...ID], 'setAccount', [REF, { standing: 'suspended' }]],
    [['resume', ...ID], 'setAccount', [REF, { standing: 'ok' }]],
  ])('%j asks for exactly one operation and prints the account', async (args, name, expected) => {
    const ran = await run(['accounts', ...args, '--json']);
    expect(ran.calls).toEqual([{ name, args: expected }]);
    expect(JSON.parse(ran.out)).toEqual(ACCOUNT);
    expect(ran).toMatchObject({ code: 0, err: '', closed: 1 });
  });

  it('shows an account as aligned lines', async () => {
    const { out } = await run(['accounts', 'show', ...ID]);
    expect(out).toContain('standing      ok\n');
    expect(out).toContain('credits left  500\n');
  });

  it.each([
    [['create', ...ID, '--credits', '-1'], 'Expected a whole number of at least 0'],
    [['create', ...ID, '--credits', '1e3'], 'Expected a whole number'],
    [['create', ...ID, '--credits', '9007199254740993'], 'Expected a whole number'],
    [['grant', ...ID, '--credits', '0'], 'Expected a whole number of at least 1'],
    [['grant', ...ID], "required option '--credits <number>' not specified"],
    [['create', '--api', 'x'], "required option '--id <id>' not specified"],
    [
      ['create', ...ID, '--billing', 'paid'],
      'Allowed choices are active, trialing, trial_not_started, inactive',
    ],
    [['create', ...ID, '--trial-ends', '2026-02-31'], 'Expected a time in UTC like 2026-12-01T00:00:00Z'],
    [['create', ...ID, '--trial-ends', '2026-12-01T00:00:00+02:00'], 'Expected a time in UTC'],
    [['create', ...ID, '--trial-ends', 'tomorrow'], 'or a duration from now like 90d'],
    [['set', ...ID], 'nothing to change: give --tier'],
    [['set', ...ID, '--standing', 'frozen'], 'Allowed choices are ok, suspended, disabled'],
    [['set', ...ID, '--teir', 'pro'], 'Did you mean --tier?'],
    [['creat', ...ID], 'Did you mean create?'],
    [['show', ...ID, 'acme'], 'too many arguments'],
  ])('%j is wrong usage that says what was expected, and does nothing', async (args, message) => {
    const ran = await run(['accounts', ...args]);
    expect(ran.err).toContain(message);
    expect(ran).toMatchObject({ code: 2, out: '', calls: [] });
  });
});
