import { readFeed } from '../../domain/feed.ts';
import type { FeedBatch, FeedCursor, FeedSink } from '../../domain/feed.ts';
import type { Api, KeyFormat } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import { DIGEST_WORDS, hexFromWord } from '../../lib/key-digest.ts';
import type { KeyHasher } from '../../lib/key-digest.ts';
import { KEY_LENGTH_MAX, checksumHolds, hasIssuedShape } from '../../lib/key-format.ts';
import type { Directory } from '../../ports.ts';
import { AccountTable } from './account-table.ts';
import { KeySegment, NOT_FOUND } from './key-segment.ts';
import { tierIndexOf } from './profile.ts';
import { ProfilePool } from './profile-pool.ts';

/** Segments grow one by one, each in well under a millisecond; a single table would stop every check while it doubles. */
const SEGMENTS = 256;
/** The highest bits of a digest's first word choose the segment. */
const SEGMENT_SHIFT = 24;

export interface PackedDirectory extends Directory {
  /**
   * Takes over a batch of the feed. Records may come in any order within what stood in the store at the start (a key before its account)
   * and more than once; what is older than the changes already applied is left out, so that no revoked key comes back. A feed that starts
   * over, which names no keys that have gone since, therefore needs a new directory.
   */
  apply(batch: FeedBatch): void;
  /** Keys known, whether or not their accounts are. */
  readonly keyCount: number;
  readonly accountCount: number;
}

export interface DirectoryOptions {
  /** Of the policy; records of other APIs are ignored. */
  readonly apis: readonly Api[];
  readonly hasher: KeyHasher;
  /** Told whenever a stored key is found under a retired pepper, with its digest under the current one: an array that is used again. */
  readonly onRetired?: (keyRow: number, digest: Int32Array) => void;
}

/** Every key and account that the feed has told of, in memory and packed: about 100 bytes each, and nothing for a garbage collector to walk. */
export function createDirectory({ apis, hasher, onRetired }: DirectoryOptions): PackedDirectory {
  const apiByIndex = new Map(apis.map((api) => [api.index, api]));
  const tables: Tables = {
    segments: Array.from({ length: SEGMENTS }, () => new KeySegment()),
    accounts: new AccountTable(),
    profiles: new ProfilePool(),
  };
  const sink = createSink(tables, apiByIndex);
  const digests = hasher.pepperIds.map(() => new Int32Array(DIGEST_WORDS));
  const [current = new Int32Array(DIGEST_WORDS)] = digests;
  let changesSeq = Number.NEGATIVE_INFINITY;

  return {
    find(api, presentedKey) {
      if (!isLookedUp(api.keys, presentedKey)) return undefined;
      for (let pepper = 0; pepper < digests.length; pepper += 1) {
        const digest = digests[pepper] ?? current;
        hasher.digest(presentedKey, pepper, digest);
        const segment = segmentOf(tables.segments, digest);
        const record = segment.find(api.index, digest);
        if (record === NOT_FOUND) continue;
        if (pepper > 0 && segment.row(record) !== 0) onRetired?.(segment.row(record), current);
        return toPrincipal(tables, api, { segment, record });
      }
      return undefined;
    },
    apply(batch) {
      if (isOutdated(batch.cursor, changesSeq)) return;
      if (batch.cursor.phase === 'changes') changesSeq = batch.cursor.seq;
      readFeed(batch, sink);
    },
    get keyCount() {
      return tables.segments.reduce((count, segment) => count + segment.size, 0);
    },
    get accountCount() {
      return tables.accounts.size;
    },
  };
}

interface Tables {
  readonly segments: readonly KeySegment[];
  readonly accounts: AccountTable;
  readonly profiles: ProfilePool;
}

/** A key as it lies in the tables. */
interface KeyPlace {
  readonly segment: KeySegment;
  readonly record: number;
}

/** Whether a presented text could be a key of the API at all: what could not is refused before it costs a digest. */
function isLookedUp(keys: KeyFormat, presentedKey: string): boolean {
  if (presentedKey.length > KEY_LENGTH_MAX) return false;
  if (checksumHolds(keys.prefix, presentedKey)) return true;
  return keys.imports && !hasIssuedShape(keys.prefix, presentedKey);
}

function segmentOf(segments: readonly KeySegment[], digest: Int32Array): KeySegment {
  const segment = segments[(digest[0] ?? 0) >>> SEGMENT_SHIFT];
  if (segment === undefined) throw new RangeError('no such segment of the key table');
  return segment;
}

function toPrincipal(tables: Tables, api: Api, { segment, record }: KeyPlace): Principal | undefined {
  const account = tables.accounts.find(api.index, segment.accountRow(record));
  const profile = tables.profiles.find(segment.profile(record));
  if (account === undefined || profile === undefined) return undefined;
  const subject = segment.subject(record);
  return {
    keyRow: segment.row(record),
    keyId: `key_${hexFromWord(subject.word0)}${hexFromWord(subject.word1)}${hexFromWord(subject.word2)}`,
    expiresAtMs: segment.expiresAtMs(record),
    subject,
    profile,
    account,
  };
}

function isOutdated(cursor: FeedCursor, changesSeq: number): boolean {
  if (cursor.phase === 'changes') return cursor.seq < changesSeq;
  return changesSeq > Number.NEGATIVE_INFINITY;
}

function createSink(
  { segments, accounts, profiles }: Tables,
  apiByIndex: ReadonlyMap<number, Api>,
): FeedSink {
  return {
    account(record) {
      const api = apiByIndex.get(record.api);
      if (api !== undefined) accounts.put(record, tierIndexOf(api.tiers, record.tier));
    },
    accountGone(api, row) {
      accounts.remove(api, row);
    },
    key(record) {
      const api = apiByIndex.get(record.api);
      if (api === undefined) return;
      const segment = segmentOf(segments, record.digest);
      const profile = profiles.acquire(api, record.profile);
      const known = segment.find(record.api, record.digest);
      if (known !== NOT_FOUND) profiles.release(segment.profile(known));
      segment.write(known === NOT_FOUND ? segment.add(record.api, record.digest) : known, record, profile);
    },
    keyGone(api, digest) {
      const segment = segmentOf(segments, digest);
      const known = segment.find(api, digest);
      if (known === NOT_FOUND) return;
      profiles.release(segment.profile(known));
      segment.remove(known);
    },
  };
}
