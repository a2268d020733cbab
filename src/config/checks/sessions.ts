import type { Fault } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import { describeUnknown } from './areas.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** The times of sessions fit together, their tier exists, and limits of theirs are asked of somebody. */
export const SESSION_CHECKS = [
  check(['sessions'], findTimeFaults),
  check(['sessions', 'tiers'], ({ sessions, tiers }) => {
    const known = Object.keys(tiers ?? {});
    if (sessions?.tier === undefined || known.includes(sessions.tier)) return [];
    return [{ path: ['sessions', 'tier'], message: describeUnknown(sessions.tier, 'tiers', known) }];
  }),
  check(['sessions', 'tiers', 'limits'], findIdleLimits),
];

function findTimeFaults({ sessions }: Pick<ApiSections, 'sessions'>): Fault[] {
  if (sessions === undefined) return [];
  const { access_lifetime, lifetime, idle } = sessions;
  const faults: Fault[] = [];
  if (idle > lifetime) faults.push({ path: ['sessions', 'idle'], message: 'is longer than lifetime' });
  if (access_lifetime > idle) {
    faults.push({ path: ['sessions', 'access_lifetime'], message: 'is longer than idle' });
  }
  return faults;
}

function findIdleLimits({
  sessions,
  tiers,
  limits,
}: Pick<ApiSections, 'sessions' | 'tiers' | 'limits'>): Fault[] {
  if (sessions !== undefined) return [];
  const message = 'the API has no sessions';
  const inTiers = Object.entries(tiers ?? {})
    .filter(([, tier]) => tier.limits.session.length > 0)
    .map(([name]) => ({ path: ['tiers', name, 'limits', 'session'], message }));
  const common = (limits?.session ?? []).length > 0 ? [{ path: ['limits', 'session'], message }] : [];
  return [...inTiers, ...common];
}
