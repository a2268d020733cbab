import { readFeed } from '../../domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../../domain/feed.ts';
import type { FeedSink } from '../../domain/feed-records.ts';
import type { Api } from '../../domain/policy.ts';
import type { Directory, TokenKeys, TokenSubjects } from '../../ports.ts';
import { nameOfId } from './kept.ts';
import { createKeyFinder } from './key-finder.ts';
import type { KeyFinderOptions } from './key-finder.ts';
import { tierIndexOf } from './profile.ts';
import { createSigners } from './signers.ts';
import { toSubject } from './named-id.ts';
import { createTokenSubjects } from './subjects.ts';
import { createTables } from './tables.ts';
import type { Tables } from './tables.ts';

export interface PackedDirectory extends Directory, TokenSubjects, TokenKeys {
  /**
   * Takes over a batch of the feed. Records may come in any order within what stood in the store at the start (a key before its account)
   * and more than once; what is older than the changes already applied is left out, so that no revoked key comes back. A feed that starts
   * over, which names no keys that have gone since, therefore needs a new directory.
   */
  apply(batch: FeedBatch): void;
  /** Keys known, whether or not their accounts are. */
  readonly keyCount: number;
  readonly accountCount: number;
  /** Sessions known, whether or not their keys are. */
  readonly sessionCount: number;
}

export interface DirectoryOptions extends KeyFinderOptions {
  /** Of the policy; records of other APIs are ignored. */
  readonly apis: readonly Api[];
}

/** All that the feed has told of, in memory and packed: about 100 bytes a key, 50 a session, and nothing for a garbage collector to walk. */
export function createDirectory(options: DirectoryOptions): PackedDirectory {
  const tables = createTables(options.apis);
  const sink = createSink(tables, options.apis);
  let changesSeq = Number.NEGATIVE_INFINITY;

  return {
    find: createKeyFinder(options, tables),
    ...createTokenSubjects(tables),
    ...createTokenKeys(options, tables),
    apply(batch) {
      if (isOutdated(batch.cursor, changesSeq)) return;
      if (batch.cursor.phase === 'changes') changesSeq = batch.cursor.seq;
      readFeed(batch, sink);
    },
    get keyCount() {
      return tables.keys.size;
    },
    get accountCount() {
      return tables.accounts.size;
    },
    get sessionCount() {
      return tables.sessions.size;
    },
  };
}

function createTokenKeys(
  { sealer, onRetiredSeal }: DirectoryOptions,
  { signers, accounts, sessionKeys }: Tables,
): TokenKeys {
  return {
    findSigners:
      sealer === undefined
        ? () => []
        : createSigners({ signers, accounts, sealer, onRetiredSeal: onRetiredSeal ?? (() => undefined) }),
    findSessionKey: (api, kid) => sessionKeys.find(api.index, kid),
  };
}

function isOutdated(cursor: FeedCursor, changesSeq: number): boolean {
  if (cursor.phase === 'changes') return cursor.seq < changesSeq;
  return changesSeq > Number.NEGATIVE_INFINITY;
}

function createSink(tables: Tables, apis: readonly Api[]): FeedSink {
  const { keys, kept, accounts, signers } = tables;
  const apiByIndex = new Map(apis.map((api) => [api.index, api]));
  const forgetKept = (): void => {
    kept.keys.clear();
    kept.sessions.clear();
  };
  return {
    account(record) {
      const api = apiByIndex.get(record.api);
      if (api === undefined) return;
      forgetKept();
      accounts.put(record, tierIndexOf(api.tiers, record.tier));
    },
    accountGone(api, row) {
      forgetKept();
      accounts.remove(api, row);
    },
    key(record) {
      const api = apiByIndex.get(record.api);
      if (api === undefined) return;
      forgetKept();
      const before = keys.put(api, record);
      if (before !== undefined) signers.remove({ api: record.api, ...before });
      if (api.keys.sealed) signers.put(record);
    },
    keyGone(api, digest) {
      forgetKept();
      const gone = keys.remove(api, digest);
      if (gone !== undefined) signers.remove({ api, ...gone });
    },
    ...createSessionSink(tables, apiByIndex),
  };
}

type SessionSink = Pick<FeedSink, 'session' | 'sessionGone' | 'signingKey' | 'signingKeyGone'>;

function createSessionSink(
  { kept, sessions, sessionKeys }: Tables,
  apiByIndex: ReadonlyMap<number, Api>,
): SessionSink {
  const hasSessions = (api: number): boolean => apiByIndex.get(api)?.tokens.sessions !== undefined;
  return {
    session(record) {
      if (!hasSessions(record.api)) return;
      kept.sessions.drop(record.api, nameOfId(toSubject(record.id)));
      sessions.put(record);
    },
    sessionGone(api, id) {
      kept.sessions.drop(api, nameOfId(toSubject(id)));
      sessions.remove(api, id);
    },
    signingKey(record) {
      if (hasSessions(record.api)) sessionKeys.put(record);
    },
    signingKeyGone: (api, kid) => sessionKeys.remove(api, kid),
  };
}
