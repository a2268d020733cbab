import type { StoredProfile } from '../domain/feed-records.ts';
import type { Billing } from '../domain/principal.ts';
import type { ApiDocument, ConfigDocument } from './document.ts';

/** An account that a file declares, with its defaults filled in. */
export interface DeclaredAccount {
  readonly api: string;
  readonly id: string;
  /** '' where the API has no tiers. */
  readonly tier: string;
  readonly billing: Billing;
}

/** A key that a file declares, without itself. */
export interface DeclaredKey {
  readonly api: string;
  readonly account: string;
  /** Unique in its API: where `digest` is undefined, the key stands under this name among the secrets. */
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly digest: string | undefined;
  readonly profile: StoredProfile;
  /** Wall time from which it is refused; null where none is set. */
  readonly expiresMs: number | null;
}

export function listDeclaredAccounts({ apis }: ConfigDocument): DeclaredAccount[] {
  return apis.flatMap(({ api, declared, default_tier }) =>
    declared.accounts.map(({ id, tier, billing }) => ({
      api,
      id,
      tier: tier ?? default_tier ?? '',
      billing,
    })),
  );
}

export function listDeclaredKeys({ apis }: ConfigDocument): DeclaredKey[] {
  return apis.flatMap(({ api, declared }) =>
    declared.keys.map((key) => ({
      api,
      account: key.account,
      name: key.name,
      digest: key.digest,
      profile: toProfile(key),
      expiresMs: key.expires_at === undefined ? null : Date.parse(key.expires_at),
    })),
  );
}

function toProfile(key: ApiDocument['declared']['keys'][number]): StoredProfile {
  return {
    tier: key.tier ?? '',
    permissions: key.permissions,
    role: key.role ?? '',
    ...(key.allow_ips === undefined ? {} : { allowlist: key.allow_ips }),
    limits: key.limits,
  };
}
