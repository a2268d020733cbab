import type { AccountView, KeyStatus, KeyView } from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { toIsoInstant } from '../../lib/instant.ts';
import { remainingCredits } from '../store/balance.ts';
import type { StoredAccount } from '../store/accounts.ts';
import type { StoredKey } from '../store/keys.ts';

/** An account whose tier the configuration does not know has no allowance. */
export function toAccountView(api: Api, account: StoredAccount, nowMs: number): AccountView {
  const tier = api.tiers.find(({ name }) => name === account.tier);
  const allowance = tier?.monthlyCredits ?? 0;
  return {
    id: account.id,
    api: account.api,
    tier: wordOrNull(account.tier),
    standing: account.standing,
    billing: account.billing,
    trial_ends: toInstant(account.trialEndsMs),
    credits: {
      remaining: remainingCredits(account, allowance, nowMs),
      monthly_allowance: allowance,
      purchased: account.purchased,
    },
    created_at: toSeconds(account.createdMs),
  };
}

export function toKeyView(key: StoredKey, nowMs: number): KeyView {
  const { tier, permissions, role, allowlist, limits } = key.profile;
  return {
    id: key.id,
    api: key.api,
    account: key.account,
    name: key.name,
    hint: key.hint,
    status: statusOf(key, nowMs),
    tier: wordOrNull(tier),
    permissions,
    role: wordOrNull(role),
    allow_ips: allowlist ?? null,
    limits,
    created_at: toSeconds(key.createdMs),
    expires_at: toInstant(key.expiresMs),
    revoked_at: toInstant(key.revokedMs),
    last_used_at: toInstant(key.lastUsedMs),
  };
}

/** A key expires in the instant that its expiry names. */
function statusOf({ revokedMs, expiresMs }: StoredKey, nowMs: number): KeyStatus {
  if (revokedMs !== null) return 'revoked';
  return expiresMs !== null && expiresMs <= nowMs ? 'expired' : 'active';
}

function wordOrNull(word: string): string | null {
  return word === '' ? null : word;
}

/** null where there is none. */
export function toInstant(instantMs: number | null): string | null {
  return instantMs === null ? null : toSeconds(instantMs);
}

/** `2026-02-04T12:00:00Z`: the last whole second. */
export function toSeconds(instantMs: number): string {
  const wholeMs = Math.floor(instantMs / SECOND_MS) * SECOND_MS;
  return toIsoInstant(wholeMs).replace('.000Z', 'Z');
}
