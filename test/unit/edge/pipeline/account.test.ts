import { describe, expect, test } from 'vitest';
import { checkBilling, checkStanding } from '../../../../src/edge/pipeline/account.ts';
import { BILLINGS, STANDINGS } from '../../../../src/domain/principal.ts';
import type { Account } from '../../../../src/domain/principal.ts';

const ENDS_MS = 1_800_000_000_000;

function account(change: Partial<Account>): Account {
  return {
    row: 1,
    id: 'acme',
    tier: 0,
    standing: 'ok',
    billing: 'active',
    trialEndsMs: Infinity,
    subject: { word0: 1, word1: 2, word2: 3 },
    ...change,
  };
}

describe('the account', () => {
  test('only one in good standing passes', () => {
    const codes = STANDINGS.map((standing) => checkStanding(account({ standing }))?.code);
    expect(codes).toEqual([undefined, 'account_suspended', 'account_disabled']);
  });

  test('billing passes for a subscription and for a trial that runs, and for nothing else', () => {
    const now = { wallMs: ENDS_MS - 1, monotonicMs: 0 };
    const codes = BILLINGS.map(
      (billing) => checkBilling(account({ billing, trialEndsMs: ENDS_MS }), now)?.code,
    );
    expect(codes).toEqual([undefined, undefined, 'trial_not_started', 'subscription_inactive']);
  });

  test('a trial is over at the very millisecond at which it ends', () => {
    const trial = account({ billing: 'trialing', trialEndsMs: ENDS_MS });
    const codeAt = (wallMs: number) => checkBilling(trial, { wallMs, monotonicMs: 0 })?.code;
    expect([ENDS_MS - 1, ENDS_MS, ENDS_MS + 1].map(codeAt)).toEqual([
      undefined,
      'trial_expired',
      'trial_expired',
    ]);
  });

  test('the end of a trial says nothing about a subscription', () => {
    const paid = account({ billing: 'active', trialEndsMs: 0 });
    expect(checkBilling(paid, { wallMs: ENDS_MS, monotonicMs: 0 })).toBeUndefined();
  });
});
