import type { Fault } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import { describeUnknown } from './areas.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** Either tiers with a default, or limits and credits for everybody. */
export const TIER_CHECKS = [
  check(['tiers', 'default_tier'], findDefaultFaults),
  check(['tiers', 'limits', 'credits'], ({ tiers, limits, credits }) => {
    if (tiers === undefined) return [];
    const message = 'an API with tiers gives this inside each tier';
    const given = [...(limits ? ['limits'] : []), ...(credits ? ['credits'] : [])];
    return given.map((section) => ({ path: [section], message, atKey: true }) as const);
  }),
];

function findDefaultFaults({ tiers, default_tier }: Pick<ApiSections, 'tiers' | 'default_tier'>): Fault[] {
  if (tiers === undefined) {
    if (default_tier === undefined) return [];
    return [{ path: ['default_tier'], message: 'there are no tiers', atKey: true }];
  }
  const names = Object.keys(tiers);
  if (names.length === 0) return [{ path: ['tiers'], message: 'expected at least one tier' }];
  if (default_tier === undefined) {
    return [{ path: ['default_tier'], message: `is missing; expected one of ${names.join(', ')}` }];
  }
  if (names.includes(default_tier)) return [];
  return [{ path: ['default_tier'], message: describeUnknown(default_tier, 'tiers', names) }];
}
