import { PROFILE_TEXT_LENGTH_MAX, toProfileText } from '../../domain/feed-records.ts';
import type { StoredProfile } from '../../domain/feed-records.ts';
import type { KeyChange, KeyRights } from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import { findCidrFault } from '../../lib/cidr.ts';
import type { CidrFault } from '../../lib/cidr.ts';
import { parseLimit } from '../../lib/limit-text.ts';
import type { KeyUpdate } from '../store/keys.ts';
import { invalid, readFuture, readName, shown, unknownWord } from './fields.ts';

/** Entries of one key's allowlist: with every permission that an API may have, still a text that edges take. */
const ALLOW_IPS_MAX = 200;
/** Limits of one key: each costs a counter for every key that has it. */
const KEY_LIMITS_MAX = 8;

/** The rights of a new key, each known to its API. Throws `OperationRefused`. */
export function readRights(api: Api, rights: KeyRights): StoredProfile {
  const { allowIps } = rights;
  return checkSize({
    tier: rights.tier === undefined ? '' : readTier(api, rights.tier),
    permissions: readPermissions(api, rights.permissions ?? []),
    role: rights.role === undefined ? '' : readRole(api, rights.role),
    ...(allowIps === undefined ? {} : { allowlist: readAllowIps(allowIps) }),
    limits: readLimits(rights.limits ?? []),
  });
}

/** What a change asks for, each known to the API. Throws `OperationRefused`. */
export function readKeyUpdate(api: Api, change: KeyChange, nowMs: number): KeyUpdate {
  const { name, tier, permissions, role, allowIps, limits, expiresAt } = change;
  return {
    ...(name === undefined ? {} : { name: readName(name) }),
    ...(tier === undefined ? {} : { tier: tier === null ? '' : readTier(api, tier) }),
    ...(permissions === undefined ? {} : { permissions: readPermissions(api, permissions) }),
    ...(role === undefined ? {} : { role: role === null ? '' : readRole(api, role) }),
    ...(allowIps === undefined ? {} : { allowlist: allowIps === null ? null : readAllowIps(allowIps) }),
    ...(limits === undefined ? {} : { limits: readLimits(limits) }),
    ...(expiresAt === undefined ? {} : { expiresMs: readExpiry(expiresAt, nowMs) }),
  };
}

/** null: the key does not expire. */
export function readExpiry(expiresAt: string | null | undefined, nowMs: number): number | null {
  return expiresAt === undefined || expiresAt === null ? null : readFuture(expiresAt, 'the expiry', nowMs);
}

export function readTier(api: Api, name: string): string {
  const known = api.tiers.map((tier) => tier.name).filter((tier) => tier !== '');
  if (known.includes(name)) return name;
  if (known.length === 0) throw invalid(`${api.name} has no tiers: leave the tier out`);
  throw unknownWord('tier', name, known);
}

/** A key without any permission could call nothing that asks for one: where there are some, leaving them out is a slip. */
function readPermissions(api: Api, permissions: readonly string[]): readonly string[] {
  const unknown = permissions.find((permission) => !api.permissions.includes(permission));
  if (api.permissions.length === 0) {
    if (unknown === undefined) return [];
    throw invalid(`${api.name} has no permissions: leave them out`);
  }
  if (unknown !== undefined) throw unknownWord('permission', unknown, api.permissions);
  if (permissions.length === 0) {
    throw invalid(
      `a key of ${api.name} needs at least one permission: known are ${api.permissions.join(', ')}`,
    );
  }
  return [...new Set(permissions)];
}

function readRole(api: Api, role: string): string {
  if (api.roles.includes(role)) return role;
  if (api.roles.length === 0) throw invalid(`${api.name} has no roles: leave the role out`);
  throw unknownWord('role', role, api.roles);
}

const CIDR_FAULTS: Readonly<Record<CidrFault, string>> = {
  not_an_address: 'is neither an address such as 203.0.113.7 nor a block such as 203.0.113.0/24',
  prefix_length: 'has a prefix length that its kind of address does not have',
  host_bits_set: 'has bits set behind its prefix: name the block by its first address',
};

function readAllowIps(entries: readonly string[]): readonly string[] {
  if (entries.length === 0)
    throw invalid('an empty allowlist allows no address: name one, or take the list away');
  if (entries.length > ALLOW_IPS_MAX) throw invalid(`an allowlist has at most ${ALLOW_IPS_MAX} entries`);
  for (const entry of entries) {
    const fault = findCidrFault(entry);
    if (fault !== undefined) throw invalid(`allowlist: ${shown(entry)} ${CIDR_FAULTS[fault]}`);
  }
  return [...new Set(entries)];
}

/** Two limits over one window would be one counter with two counts: which of them was meant, nobody could tell. */
function readLimits(limits: readonly string[]): readonly string[] {
  if (limits.length > KEY_LIMITS_MAX) throw invalid(`a key has at most ${KEY_LIMITS_MAX} limits of its own`);
  const windows = new Set<string>();
  for (const text of limits) {
    const limit = parseLimit(text);
    if (limit === undefined)
      throw invalid(`unknown limit ${shown(text)}: write 10/minute, 1000/day or 20/15m`);
    if (windows.has(limit.windowName))
      throw invalid(`two limits over one ${limit.windowName}: keep one of them`);
    windows.add(limit.windowName);
  }
  return limits;
}

/** Edges take no longer text. */
function checkSize(profile: StoredProfile): StoredProfile {
  if (toProfileText(profile).length <= PROFILE_TEXT_LENGTH_MAX) return profile;
  throw invalid('a key has too many rights to be sent to the edges: shorten its allowlist');
}
