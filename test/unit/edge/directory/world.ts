import type { ErrorProfile, ErrorRow } from '../../../../src/domain/error-profile.ts';
import { FEED_BATCH_MAX, FeedWriter } from '../../../../src/domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../../../../src/domain/feed.ts';
import type { AccountRecord, FeedSink, KeyRecord } from '../../../../src/domain/feed-records.ts';
import type { Api, KeyFormat } from '../../../../src/domain/policy.ts';
import type { TokenRules } from '../../../../src/domain/token.ts';
import type { KeyHasher } from '../../../../src/lib/key-digest.ts';

const row: ErrorRow = { status: 401, contentType: 'application/json', message: '', body: [] };
const errors: ErrorProfile = {
  rows: {
    request_ambiguous: row,
    not_found: row,
    credential_missing: row,
    credential_invalid: row,
    address_not_allowed: row,
    account_suspended: row,
    account_disabled: row,
    trial_not_started: row,
    trial_expired: row,
    subscription_inactive: row,
    permission_missing: row,
    feature_missing: row,
    role_missing: row,
    rate_limited: row,
    insufficient_credits: row,
    unavailable: row,
    internal_error: row,
  },
};

export interface ApiSketch {
  readonly index: number;
  readonly tiers?: readonly string[];
  readonly keys?: Partial<KeyFormat>;
  readonly tokens?: Partial<TokenRules>;
}

/** An API of which only what the directory reads is of interest. */
export function createApi({ index, tiers = [''], keys = {}, tokens = {} }: ApiSketch): Api {
  return {
    index,
    name: `api-${index}`,
    areas: [],
    keys: { prefix: 'ak_', imports: false, sealed: false, ...keys },
    tiers: tiers.map((name, rank) => ({
      index: rank,
      name,
      monthlyCredits: 0,
      limits: [],
      features: new Set(),
    })),
    defaultTier: 0,
    permissions: [],
    roles: [],
    billing: false,
    tokens: { issuers: [], ...tokens },
    clientAddress: { from: 'peer' },
    onOutage: { limits: 'deny', credits: 'deny' },
    errors,
    limitHeaders: { xRateLimit: true, ietf: false },
    upstream: [],
  };
}

export function digestOf(hasher: KeyHasher, key: string, pepperIndex = 0): Int32Array {
  const digest = new Int32Array(8);
  hasher.digest(key, pepperIndex, digest);
  return digest;
}

export function accountRecord(fields: Partial<AccountRecord>): AccountRecord {
  return {
    api: 0,
    row: 1,
    id: 'org_1',
    tier: '',
    standing: 'ok',
    billing: 'active',
    trialEndsMs: Infinity,
    subject: Int32Array.of(1, 2, 3),
    ...fields,
  };
}

export function keyRecord(fields: Partial<KeyRecord> & Pick<KeyRecord, 'digest'>): KeyRecord {
  return {
    api: 0,
    row: 1,
    accountRow: 1,
    profile: '{"tier":"","permissions":[],"role":"","limits":[]}',
    expiresAtMs: Infinity,
    id: Int32Array.of(4, 5, 6),
    ...fields,
  };
}

export const SNAPSHOT: FeedCursor = { phase: 'keys', row: 0, seq: 0 };
export const changesUpTo = (seq: number): FeedCursor => ({ phase: 'changes', row: 0, seq });

export function batchOf(write: (sink: FeedSink) => void, cursor: FeedCursor = SNAPSHOT): FeedBatch {
  const writer = new FeedWriter();
  write(writer);
  return writer.batch(cursor, true);
}

/** A batch of one key and its account. */
export function batchOfKey(
  key: Parameters<typeof keyRecord>[0],
  account: Partial<AccountRecord> = {},
): FeedBatch {
  return batchOf((sink) => {
    sink.account(accountRecord(account));
    sink.key(keyRecord(key));
  });
}

/** As many batches as the records need. */
export function batchesOf(writes: readonly ((sink: FeedSink) => void)[]): FeedBatch[] {
  const batches: FeedBatch[] = [];
  for (let from = 0; from < writes.length; from += FEED_BATCH_MAX) {
    batches.push(
      batchOf((sink) => {
        for (const write of writes.slice(from, from + FEED_BATCH_MAX)) write(sink);
      }),
    );
  }
  return batches;
}
