import type { Tier } from '../../../../src/domain/policy.ts';
import { TIER_OF_ACCOUNT } from '../../../../src/domain/principal.ts';
import type { Account, KeyProfile, Principal } from '../../../../src/domain/principal.ts';

/** A key with these rights, of an account in good standing. */
export function principalOf(profile: Partial<KeyProfile> = {}, account: Partial<Account> = {}): Principal {
  return {
    credential: 'api_key',
    keyRow: 1,
    keyId: 'key_000000000000000000000001',
    expiresAtMs: Infinity,
    subject: { word0: 1, word1: 2, word2: 3 },
    profile: {
      tier: TIER_OF_ACCOUNT,
      permissions: new Set(),
      role: '',
      allowlist: undefined,
      limits: [],
      ...profile,
    },
    account: {
      row: 1,
      id: 'acme',
      tier: 0,
      standing: 'ok',
      billing: 'active',
      trialEndsMs: Infinity,
      subject: { word0: 4, word1: 5, word2: 6 },
      ...account,
    },
  };
}

export function tierOf(tier: Partial<Tier> = {}): Tier {
  return { index: 0, name: 'free', monthlyCredits: 0, limits: [], features: new Set(), ...tier };
}
