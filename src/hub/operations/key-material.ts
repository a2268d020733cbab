import { sealingContext } from '../../domain/feed-records.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import { DIGEST_WORDS } from '../../lib/key-digest.ts';
import type { KeyHasher } from '../../lib/key-digest.ts';
import type { KeyMaterial, SealedKey } from '../store/keys.ts';
import type { OperationsDeps } from './context.ts';

/** 96 bits: enough that no two keys meet, and what counters know a key by. */
const ID_BYTES = 12;
/** Characters of a key's end that its hint shows. */
const HINT_CHARS = 4;

export type MaterialDeps = Pick<OperationsDeps, 'hasher' | 'sealer' | 'random'>;

/** What is kept of a key: digests, a hint, and where its API asks for it the key itself, sealed. Throws `OperationRefused('unavailable')`. */
export function createKeyMaterial(deps: MaterialDeps, api: Api, key: string): KeyMaterial {
  const { hasher, random } = deps;
  const [pepperId = '', ...retired] = hasher.pepperIds;
  const id = `key_${Buffer.from(random(ID_BYTES)).toString('hex')}`;
  return {
    id,
    hint: hintOf(api.keys.prefix, key),
    digest: digestOf(hasher, key, 0),
    pepperId,
    retiredDigests: retired.map((_, index) => digestOf(hasher, key, index + 1)),
    sealed: sealKey(deps, { api, id, key }),
  };
}

/** The key's digest under one pepper of the ring, the current one first. */
export function digestOf(hasher: KeyHasher, key: string, pepperIndex: number): Int32Array {
  const words = new Int32Array(DIGEST_WORDS);
  hasher.digest(key, pepperIndex, words);
  return words;
}

/** `ty_…8kL9`: enough to recognise a key, not to use it. */
export function hintOf(prefix: string, key: string): string {
  return `${key.startsWith(prefix) ? prefix : ''}…${key.slice(-HINT_CHARS)}`;
}

interface NamedKey {
  readonly api: Api;
  readonly id: string;
  readonly key: string;
}

function sealKey({ sealer }: MaterialDeps, { api, id, key }: NamedKey): SealedKey | null {
  if (!api.keys.sealed) return null;
  if (sealer === undefined) {
    throw new OperationRefused(
      'unavailable',
      `keys of ${api.name} are sealed: configure a sealing key first`,
    );
  }
  const { keyId, sealed } = sealer.seal(key, sealingContext(api.name, id));
  return { bytes: sealed, sealingKeyId: keyId };
}
