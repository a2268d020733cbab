import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Limit, LimitScope } from '../../../../src/domain/limit.ts';
import type { CredentialKind } from '../../../../src/domain/principal.ts';
import { judgeTake, planLimits } from '../../../../src/edge/pipeline/limits.ts';
import { principalOf, tierOf } from './principal.ts';

const identity = ({ scope, windowMs }: Limit) => `${scope} ${windowMs}`;

const limit = (scope: LimitScope, count: number, windowMs: number): Limit => ({
  scope,
  count,
  windowMs,
  name: `${scope}-${windowMs}`,
});

const anyLimit = (scope: fc.Arbitrary<LimitScope>): fc.Arbitrary<Limit> =>
  fc
    .tuple(scope, fc.integer({ min: 1, max: 5 }), fc.constantFrom(1_000, 60_000, 3_600_000))
    .map(([of, count, windowMs]) => limit(of, count, windowMs));

/** As a tier has them: one for each scope and window. */
const tierLimits = fc.uniqueArray(anyLimit(fc.constantFrom('key', 'account')), {
  selector: ({ scope, windowMs }) => `${scope} ${windowMs}`,
});
const keyLimits = fc.uniqueArray(anyLimit(fc.constant('key')), { selector: ({ windowMs }) => windowMs });

describe('the limits a check takes', () => {
  test('count the key where they are the key’s, and the account where they are the account’s', () => {
    const principal = principalOf();
    const tier = tierOf({ limits: [limit('key', 3, 60_000), limit('account', 5, 60_000)] });
    expect(planLimits(tier, principal).map(({ subject }) => subject)).toEqual([
      principal.subject,
      principal.account.subject,
    ]);
  });

  test('are the tier’s own, as they are, where the key brings none', () => {
    const limits = [limit('key', 3, 60_000), limit('account', 5, 1_000)];
    expect(planLimits(tierOf({ limits }), principalOf()).map((charge) => charge.limit)).toEqual(limits);
  });

  test('hold each scope and window once, with the smallest count of all, and none is lost', () => {
    fc.assert(
      fc.property(tierLimits, keyLimits, (ofTier, ofKey) => {
        const planned = planLimits(tierOf({ limits: ofTier }), principalOf({ limits: ofKey }));
        const all = [...ofTier, ...ofKey];
        const names = planned.map((charge) => identity(charge.limit));
        expect(names.toSorted()).toEqual([...new Set(all.map(identity))].toSorted());
        for (const charge of planned) {
          const same = all.filter((each) => identity(each) === identity(charge.limit));
          expect(charge.limit.count).toBe(Math.min(...same.map(({ count }) => count)));
        }
      }),
    );
  });

  test('are the tier’s for sessions where it has such, counted on the key they belong to, with the key’s own beside them', () => {
    const session = { ...principalOf({ limits: [limit('key', 2, 60_000)] }), credential: 'session' as const };
    const tier = tierOf({
      limits: [limit('key', 3, 1_000), limit('account', 9, 60_000)],
      sessionLimits: [limit('session', 5, 60_000), limit('account', 9, 60_000)],
    });
    expect(planLimits(tier, session)).toEqual([
      { limit: limit('session', 5, 60_000), subject: session.subject },
      { limit: limit('account', 9, 60_000), subject: session.account.subject },
      { limit: limit('key', 2, 60_000), subject: session.subject },
    ]);
  });

  test('are the key’s for sessions of a tier without limits of their own, and never those of sessions for a key or a token', () => {
    const [one, session] = [limit('key', 3, 1_000), limit('session', 5, 1_000)];
    const planned = (credential: CredentialKind, sessionLimits?: readonly Limit[]) =>
      planLimits(tierOf({ limits: [one], ...(sessionLimits && { sessionLimits }) }), {
        ...principalOf(),
        credential,
      }).map((charge) => charge.limit);
    expect(planned('session')).toEqual([one]);
    expect(planned('session', [])).toEqual([]);
    expect(planned('api_key', [session])).toEqual([one]);
    expect(planned('jwt', [session])).toEqual([one]);
  });

  test('refuse what was not granted', () => {
    expect(judgeTake({ granted: true, states: [], takenAtMs: 0 })).toBeUndefined();
    expect(judgeTake({ granted: false, states: [], takenAtMs: 0 })).toEqual({ code: 'rate_limited' });
  });
});
