import { sealingContext } from '../../domain/feed-records.ts';
import type { SealedKeyRecord } from '../../domain/feed-records.ts';
import type { Api } from '../../domain/policy.ts';
import { KEY_SIGNERS_MAX } from '../../domain/session.ts';
import type { KeySigner } from '../../domain/session.ts';
import { UnsealFailed } from '../../lib/seal.ts';
import type { SealedText, Sealer } from '../../lib/seal.ts';
import { subjectOf } from '../../lib/subject.ts';
import type { TokenKeys } from '../../ports.ts';
import type { AccountTable } from './account-table.ts';
import { KEY_ID_PREFIX, readId, writeId } from './named-id.ts';
import { OpenedKeys } from './opened-keys.ts';
import type { SignerPlace, SignerTable } from './signer-table.ts';

/** An account's newest keys among which those that have not expired are looked for. */
const SIGNERS_LOOKED_AT_MAX = 256;

export interface SignersOptions {
  readonly signers: SignerTable;
  readonly accounts: AccountTable;
  /** Opens what the feed brings sealed. */
  readonly sealer: Sealer;
  /** Told whenever a stored key is opened that a retired sealing key had sealed; `reseal` seals it under the current one. */
  readonly onRetiredSeal: (keyRow: number, reseal: () => SealedKeyRecord) => void;
}

/** Keys are opened for tokens that were not seen before; those of revoked keys are not found, opened or not. */
export function createSigners(options: SignersOptions): TokenKeys['findSigners'] {
  const opened = new OpenedKeys();
  return (api, by, now) => {
    const found: KeySigner[] = [];
    for (const place of findPlaces(options, api, by)) {
      if (found.length === KEY_SIGNERS_MAX) break;
      if (now.wallMs >= place.expiresAtMs) continue;
      const signer = open(options, opened, { api, place });
      if (signer !== undefined) found.push(signer);
    }
    return found;
  };
}

function findPlaces(
  { signers, accounts }: SignersOptions,
  api: Api,
  by: Parameters<TokenKeys['findSigners']>[1],
): Iterable<SignerPlace> {
  if ('keyId' in by) {
    const id = readId(KEY_ID_PREFIX, by.keyId);
    const place = id && signers.find({ api: api.index, ...id });
    return place === undefined ? [] : [place];
  }
  const row = accounts.findRow(api.index, subjectOf([api.name, by.account]));
  if (row === undefined || accounts.find(api.index, row)?.id !== by.account) return [];
  return signers.ofAccount(api.index, row).take(SIGNERS_LOOKED_AT_MAX);
}

/** Whether the store keeps the key under a sealing key that is to go. A declared key is sealed at each start. */
export function isRetiredSeal(sealer: Sealer, { keyRow, sealed }: SignerPlace): boolean {
  return keyRow !== 0 && sealer.retiredIds.includes(sealed.sealingKeyId);
}

export function toSealedRecord({ keyId: sealingKeyId, sealed }: SealedText): SealedKeyRecord {
  return { sealingKeyId, bytes: sealed };
}

interface ApiPlace {
  readonly api: Api;
  readonly place: SignerPlace;
}

/** undefined where the ring lacks the sealing key: such a key opens its API as ever, and signs nothing. */
function open(
  { sealer, onRetiredSeal }: SignersOptions,
  opened: OpenedKeys,
  { api, place }: ApiPlace,
): KeySigner | undefined {
  const keyId = writeId(KEY_ID_PREFIX, place.id);
  const context = sealingContext(api.name, keyId);
  const signer = opened.find(context, place.sealed.bytes) ?? unseal(sealer, place.sealed, { context, keyId });
  if (signer === undefined) return undefined;
  opened.put(context, place.sealed.bytes, signer);
  if (isRetiredSeal(sealer, place)) {
    const reseal = () => sealer.seal(Buffer.from(signer.secret).toString('utf8'), context);
    onRetiredSeal(place.keyRow, () => toSealedRecord(reseal()));
  }
  return signer;
}

function unseal(
  sealer: Sealer,
  { sealingKeyId, bytes }: SealedKeyRecord,
  { context, keyId }: { readonly context: string; readonly keyId: string },
): KeySigner | undefined {
  try {
    const key = sealer.unseal({ keyId: sealingKeyId, sealed: bytes }, context);
    return { keyId, secret: Buffer.from(key, 'utf8') };
  } catch (error) {
    if (error instanceof UnsealFailed) return undefined;
    throw error;
  }
}
