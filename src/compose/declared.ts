import { listDeclaredAccounts, listDeclaredKeys } from '../config/declared.ts';
import type { ConfigDocument, DeclaredSecret } from '../config/document.ts';
import { sealingContext } from '../domain/feed-records.ts';
import type { Declared, DeclaredKey } from '../hub/store/declared.ts';
import { idOfDeclared, toKeyId } from '../hub/store/sqlite/key-id.ts';
import type { SealedKey } from '../hub/store/keys.ts';
import { digestOf, hintOf } from '../hub/operations/key-material.ts';
import { wordsFromHex } from '../lib/key-digest.ts';
import type { KeyHasher } from '../lib/key-digest.ts';
import type { Sealer } from '../lib/seal.ts';

export interface DeclaredSources {
  readonly document: ConfigDocument;
  /** The keys that were declared by value. */
  readonly secrets: readonly DeclaredSecret[];
  readonly hasher: KeyHasher;
  readonly sealer: Sealer;
  readonly nowMs: number;
}

/** The accounts and keys of the configuration files as the store takes them. Of a key only its digest and its hint go on, and the key itself sealed where its API seals keys. */
export function toDeclared(sources: DeclaredSources): Declared {
  const { document, nowMs } = sources;
  return {
    accounts: listDeclaredAccounts(document).map((account) => ({
      ...account,
      trialEndsMs: null,
      createdMs: nowMs,
    })),
    keys: listDeclaredKeys(document).map(({ digest, ...key }) => ({
      ...key,
      ...toMaterial(sources, key, digest),
      createdMs: nowMs,
    })),
  };
}

type Material = Pick<DeclaredKey, 'hint' | 'digest' | 'retiredDigests' | 'sealed'>;

/** `digestHex`: present where the file gives the key's digest in place of the key. */
function toMaterial(
  { document, secrets, hasher, sealer }: DeclaredSources,
  { api, name }: { readonly api: string; readonly name: string },
  digestHex: string | undefined,
): Material {
  const keys = document.apis.find((each) => each.api === api)?.keys;
  const own = secrets.find((secret) => secret.api === api && secret.name === name)?.key ?? '';
  const hint = hintOf(keys?.prefix ?? '', own);
  if (digestHex !== undefined)
    return { hint, digest: wordsFromHex(digestHex), retiredDigests: [], sealed: null };
  const [, ...retired] = hasher.pepperIds;
  const digest = digestOf(hasher, own, 0);
  return {
    hint,
    digest,
    retiredDigests: retired.map((_, index) => digestOf(hasher, own, index + 1)),
    sealed: keys?.key_signed_jwt === true ? seal(sealer, { api, digest }, own) : null,
  };
}

function seal(sealer: Sealer, key: Pick<DeclaredKey, 'api' | 'digest'>, own: string): SealedKey {
  const { keyId, sealed } = sealer.seal(own, sealingContext(key.api, toKeyId(idOfDeclared(key))));
  return { bytes: sealed, sealingKeyId: keyId };
}
