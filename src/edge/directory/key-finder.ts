import { sealingContext } from '../../domain/feed-records.ts';
import type { SealedKeyRecord } from '../../domain/feed-records.ts';
import type { Api, KeyFormat } from '../../domain/policy.ts';
import { DIGEST_WORDS } from '../../lib/key-digest.ts';
import type { KeyHasher } from '../../lib/key-digest.ts';
import { KEY_LENGTH_MAX, checksumHolds, hasIssuedShape } from '../../lib/key-format.ts';
import type { Sealer } from '../../lib/seal.ts';
import type { Directory } from '../../ports.ts';
import type { KeyPlace } from './key-table.ts';
import { KEY_ID_PREFIX, writeId } from './named-id.ts';
import type { SignerTable } from './signer-table.ts';
import { isRetiredSeal, toSealedRecord } from './signers.ts';
import { toPrincipal } from './subjects.ts';
import type { Tables } from './tables.ts';

export interface KeyFinderOptions {
  readonly hasher: KeyHasher;
  /** Opens the keys with which customers sign; absent: there are none. */
  readonly sealer?: Sealer;
  /** Told whenever a stored key is found under a retired pepper, with its digest under the current one: an array that is used again. */
  readonly onRetired?: (keyRow: number, digest: Int32Array) => void;
  /** Told whenever a stored key is opened or shown that a retired sealing key had sealed; `reseal` seals it under the current one. */
  readonly onRetiredSeal?: (keyRow: number, reseal: () => SealedKeyRecord) => void;
}

export function createKeyFinder(options: KeyFinderOptions, tables: Tables): Directory['find'] {
  const { hasher, onRetired } = options;
  const checkSeal = createSealCheck(options, tables.signers);
  const digests = hasher.pepperIds.map(() => new Int32Array(DIGEST_WORDS));
  const [current = new Int32Array(DIGEST_WORDS)] = digests;
  return (api, presentedKey) => {
    if (!isLookedUp(api.keys, presentedKey)) return undefined;
    for (let pepper = 0; pepper < digests.length; pepper += 1) {
      const digest = digests[pepper] ?? current;
      hasher.digest(presentedKey, pepper, digest);
      const kept = tables.kept.keys.find(api.index, digest);
      if (kept !== undefined) return kept;
      const place = tables.keys.find(api.index, digest);
      if (place === undefined) continue;
      const keyRow = place.segment.row(place.record);
      if (pepper > 0 && keyRow !== 0) onRetired?.(keyRow, current);
      if (api.keys.sealed) checkSeal?.(api, place, presentedKey);
      const principal = toPrincipal(tables, api, place);
      // Where something has to be told at every use, nothing is kept.
      const isPlain = pepper === 0 && (checkSeal === undefined || !api.keys.sealed);
      return isPlain && principal !== undefined
        ? tables.kept.keys.offer(api.index, digest, principal)
        : principal;
    }
    return undefined;
  };
}

type SealCheck = (api: Api, place: KeyPlace, presentedKey: string) => void;

/** Tells of a key under a retired sealing key when the key itself is presented, for many never sign; undefined where none is retired. */
function createSealCheck(
  { sealer, onRetiredSeal }: KeyFinderOptions,
  signers: SignerTable,
): SealCheck | undefined {
  if (sealer === undefined || onRetiredSeal === undefined || sealer.retiredIds.length === 0) return undefined;
  return (api, { segment, record }, presentedKey) => {
    const id = segment.subject(record);
    const signer = signers.find({ api: api.index, ...id });
    if (signer === undefined || !isRetiredSeal(sealer, signer)) return;
    const context = sealingContext(api.name, writeId(KEY_ID_PREFIX, id));
    onRetiredSeal(signer.keyRow, () => toSealedRecord(sealer.seal(presentedKey, context)));
  };
}

/** Whether a presented text could be a key of the API at all: what could not is refused before it costs a digest. */
function isLookedUp(keys: KeyFormat, presentedKey: string): boolean {
  if (presentedKey.length > KEY_LENGTH_MAX) return false;
  if (checksumHolds(keys.prefix, presentedKey)) return true;
  return keys.imports && !hasIssuedShape(keys.prefix, presentedKey);
}
