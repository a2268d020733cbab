import { describe, expect, test } from 'vitest';
import type { Route } from '../../../../src/domain/policy.ts';
import { TIER_OF_ACCOUNT, TIER_UNKNOWN } from '../../../../src/domain/principal.ts';
import { checkNeeds, findTier } from '../../../../src/edge/pipeline/permission.ts';
import { createApi } from '../directory/world.ts';
import { principalOf, tierOf } from './principal.ts';

const lacks = (route: Partial<Route>, profile: Parameters<typeof principalOf>[0]) =>
  checkNeeds({ ...ROUTE, ...route }, tierOf(), principalOf(profile).profile)?.code;

const API = createApi({ index: 0, tiers: ['free', 'pro', 'top'] });

function tierName(ofKey: number, ofAccount: number): string | undefined {
  return findTier(API, principalOf({ tier: ofKey }, { tier: ofAccount }))?.name;
}

describe('the tier', () => {
  test('is the account’s where the key names none, and else the lower of the two', () => {
    expect(tierName(TIER_OF_ACCOUNT, 1)).toBe('pro');
    expect(tierName(0, 2)).toBe('free');
    expect(tierName(2, 0)).toBe('free');
    expect(tierName(1, 1)).toBe('pro');
  });

  test('is unknown where either is, however high the other', () => {
    expect(tierName(TIER_UNKNOWN, 2)).toBeUndefined();
    expect(tierName(2, TIER_UNKNOWN)).toBeUndefined();
    expect(tierName(TIER_OF_ACCOUNT, TIER_UNKNOWN)).toBeUndefined();
    expect(tierName(3, 3)).toBeUndefined();
  });
});

const ROUTE: Route = { cost: 0, permission: '', feature: '', role: '' };

describe('what a route needs', () => {
  test('nothing, where it names nothing', () => {
    expect(checkNeeds(ROUTE, tierOf(), principalOf().profile)).toBeUndefined();
  });

  test('a feature is the tier’s, a permission and a role are the key’s: each lack is named', () => {
    const needs: Route = { cost: 0, permission: 'write', feature: 'exports', role: 'admin' };
    const tier = tierOf({ features: new Set(['exports']) });
    const permissions = new Set(['write']);
    expect(checkNeeds(needs, tierOf(), principalOf({ permissions, role: 'admin' }).profile)).toEqual({
      code: 'feature_missing',
      feature: 'exports',
    });
    expect(checkNeeds(needs, tier, principalOf({ role: 'admin' }).profile)).toEqual({
      code: 'permission_missing',
      permission: 'write',
    });
    expect(checkNeeds(needs, tier, principalOf({ permissions }).profile)).toEqual({
      code: 'role_missing',
      role: 'admin',
    });
    expect(checkNeeds(needs, tier, principalOf({ permissions, role: 'admin' }).profile)).toBeUndefined();
  });

  test('is compared whole: no part, no other case, no role for another', () => {
    expect(lacks({ permission: 'documents:write' }, { permissions: new Set(['documents']) })).toBe(
      'permission_missing',
    );
    expect(lacks({ permission: 'write' }, { permissions: new Set(['Write', 'writer', '*']) })).toBe(
      'permission_missing',
    );
    expect(lacks({ role: 'admin' }, { role: 'administrator' })).toBe('role_missing');
  });
});
