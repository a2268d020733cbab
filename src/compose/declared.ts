import { listDeclaredAccounts, listDeclaredKeys } from '../config/declared.ts';
import type { ConfigDocument, DeclaredSecret } from '../config/document.ts';
import type { Declared } from '../hub/store/declared.ts';
import { digestOf, hintOf } from '../hub/operations/key-material.ts';
import { wordsFromHex } from '../lib/key-digest.ts';
import type { KeyHasher } from '../lib/key-digest.ts';

export interface DeclaredSources {
  readonly document: ConfigDocument;
  /** The keys that were declared by value. */
  readonly secrets: readonly DeclaredSecret[];
  readonly hasher: KeyHasher;
  readonly nowMs: number;
}

/** The accounts and keys of the configuration files as the store takes them. Of a key only its digest and its hint go on. */
export function toDeclared({ document, secrets, hasher, nowMs }: DeclaredSources): Declared {
  const prefixOf = new Map(document.apis.map(({ api, keys }) => [api, keys.prefix]));
  return {
    accounts: listDeclaredAccounts(document).map((account) => ({
      ...account,
      trialEndsMs: null,
      createdMs: nowMs,
    })),
    keys: listDeclaredKeys(document).map(({ digest, ...key }) => {
      const own = secrets.find(({ api, name }) => api === key.api && name === key.name)?.key ?? '';
      const known = { ...key, hint: hintOf(prefixOf.get(key.api) ?? '', own), createdMs: nowMs };
      if (digest !== undefined) return { ...known, digest: wordsFromHex(digest), retiredDigests: [] };
      const [, ...retired] = hasher.pepperIds;
      const retiredDigests = retired.map((_, index) => digestOf(hasher, own, index + 1));
      return { ...known, digest: digestOf(hasher, own, 0), retiredDigests };
    }),
  };
}
