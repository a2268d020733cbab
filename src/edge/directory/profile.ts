import { PROFILE_TEXT_LENGTH_MAX, fromProfileText } from '../../domain/feed-records.ts';
import type { StoredProfile } from '../../domain/feed-records.ts';
import type { Limit } from '../../domain/limit.ts';
import type { Api, Tier } from '../../domain/policy.ts';
import { TIER_OF_ACCOUNT, TIER_UNKNOWN } from '../../domain/principal.ts';
import type { AddressSet, KeyProfile } from '../../domain/principal.ts';
import { createAddressSet, parseCidr } from '../../lib/cidr.ts';
import { parseLimit } from '../../lib/limit-text.ts';
import { listOf, record, text } from '../../lib/shape.ts';

/** Rights that cannot be read are no rights: an unknown tier is an outage of the configuration, never a pass. */
const UNREADABLE: KeyProfile = {
  tier: TIER_UNKNOWN,
  permissions: new Set(),
  role: '',
  allowlist: createAddressSet([]),
  limits: [],
};

/** A profile's text is bounded, so the length of its lists needs no bound of its own. */
const words = listOf(text, PROFILE_TEXT_LENGTH_MAX);
const storedProfile = record(
  { tier: text, permissions: words, role: text, limits: words },
  { allowlist: words },
);

/**
 * What a key's stored rights mean under an API's configuration.
 * A limit that cannot be read makes the whole profile useless, because without it the key would be allowed more; an unreadable
 * allowlist entry is left out, because without it the key is allowed less.
 */
export function compileProfile(api: Api, profileText: string): KeyProfile {
  const stored = readStored(profileText);
  const limits = stored && compileLimits(stored.limits);
  if (stored === undefined || limits === undefined) return UNREADABLE;
  return {
    tier: stored.tier === '' ? TIER_OF_ACCOUNT : tierIndexOf(api.tiers, stored.tier),
    permissions: new Set(stored.permissions),
    role: stored.role,
    allowlist: compileAllowlist(stored.allowlist),
    limits,
  };
}

/** undefined for what is no profile: one broken row must not take the edge away from all other keys. */
function readStored(profileText: string): StoredProfile | undefined {
  if (profileText.length > PROFILE_TEXT_LENGTH_MAX) return undefined;
  try {
    return storedProfile(fromProfileText(profileText), 'profile');
  } catch {
    return undefined;
  }
}

/** The index of the tier of that name; TIER_UNKNOWN where the configuration has none. */
export function tierIndexOf(tiers: readonly Tier[], name: string): number {
  return tiers.find((tier) => tier.name === name)?.index ?? TIER_UNKNOWN;
}

/** One limit a window, the lowest of those that share it: a window is counted once. */
function compileLimits(texts: StoredProfile['limits']): readonly Limit[] | undefined {
  const ofWindow = new Map<number, Limit>();
  for (const text of texts) {
    const parsed = parseLimit(text);
    if (parsed === undefined) return undefined;
    const { count, windowMs, windowName } = parsed;
    const lowest = Math.min(count, ofWindow.get(windowMs)?.count ?? count);
    ofWindow.set(windowMs, { scope: 'key', count: lowest, windowMs, name: `key-${windowName}` });
  }
  return [...ofWindow.values()];
}

function compileAllowlist(entries: StoredProfile['allowlist']): AddressSet | undefined {
  if (entries === undefined) return undefined;
  return createAddressSet(entries.map(parseCidr).filter((cidr) => cidr !== undefined));
}
