import type { ApiDocument, ConfigDocument, DeclaredKeyDocument, DeclaredSecret } from '../config/document.ts';
import type { Api, Policy } from '../domain/policy.ts';
import type { Declared, DeclaredAccount, DeclaredKey } from '../hub/store/store.ts';
import { DIGEST_WORDS, wordsFromHex } from '../lib/key-digest.ts';
import type { KeyHasher } from '../lib/key-digest.ts';

export interface DeclaredSources {
  readonly document: ConfigDocument;
  readonly policy: Policy;
  readonly keys: readonly DeclaredSecret[];
  readonly hasher: KeyHasher;
  readonly nowMs: number;
}

/** Characters of a key that its hint shows, from the end. */
const HINT_CHARS = 4;

/** The accounts and keys of the configuration files as the store takes them. Of a key only its digest goes on. */
export function toDeclared(sources: DeclaredSources): Declared {
  const perApi = sources.document.apis.flatMap((file, index) => {
    const api = sources.policy.apis[index];
    return api === undefined ? [] : [{ file, api }];
  });
  return {
    accounts: perApi.flatMap((each) => toAccounts(each, sources.nowMs)),
    keys: perApi.flatMap((each) => each.file.declared.keys.map((key) => toKey(key, each.api, sources))),
  };
}

function toAccounts({ file, api }: { file: ApiDocument; api: Api }, nowMs: number): DeclaredAccount[] {
  return file.declared.accounts.map(({ id, tier, billing }) => ({
    api: api.name,
    id,
    tier: tier ?? api.tiers[api.defaultTier]?.name ?? '',
    billing,
    trialEndsMs: null,
    createdMs: nowMs,
  }));
}

function toKey(
  declared: DeclaredKeyDocument,
  api: Api,
  { keys, hasher, nowMs }: DeclaredSources,
): DeclaredKey {
  const own = keys.find((secret) => secret.api === api.name && secret.name === declared.name);
  return {
    api: api.name,
    account: declared.account,
    name: declared.name,
    hint: `${api.keys.prefix}…${own === undefined ? '' : own.key.slice(-HINT_CHARS)}`,
    digest: own === undefined ? wordsFromHex(declared.digest ?? '') : digestOf(own.key, hasher),
    profile: {
      tier: declared.tier ?? '',
      permissions: declared.permissions,
      role: declared.role ?? '',
      ...(declared.allow_ips === undefined ? {} : { allowlist: declared.allow_ips.map(String) }),
      limits: declared.limits.map(String),
    },
    expiresMs: declared.expires_at === undefined ? null : Date.parse(declared.expires_at),
    createdMs: nowMs,
  };
}

function digestOf(key: string, hasher: KeyHasher): Int32Array {
  const words = new Int32Array(DIGEST_WORDS);
  hasher.digest(key, 0, words);
  return words;
}
