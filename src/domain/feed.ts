import { BILLINGS, STANDINGS } from './principal.ts';
import type { Billing, Standing } from './principal.ts';

/**
 * Keys and accounts on their way from the hub to the edge: fixed-width records in two typed arrays, with strings beside them.
 * One batch is one message; structured cloning copies it whole, whatever the number of records.
 */
export interface FeedBatch {
  /** Where the next read goes on. */
  readonly cursor: FeedCursor;
  /** True from the batch on with which everything that stood in the store at the start has been sent. */
  readonly complete: boolean;
  readonly numbers: Float64Array;
  readonly words: Int32Array;
  readonly strings: readonly string[];
}

/** A place in the feed: first all accounts by row, then all keys by row, then declared keys, then changes by sequence number. */
export interface FeedCursor {
  readonly phase: 'accounts' | 'keys' | 'declared' | 'changes';
  /** The last row sent in this phase; unused in `changes`. */
  readonly row: number;
  /** Every change up to this sequence number is contained in what was sent once `changes` is reached. */
  readonly seq: number;
}

export const FEED_START: FeedCursor = { phase: 'accounts', row: 0, seq: -1 };
/** Records in one batch: more would hold the edge for longer than a few hundred microseconds. */
export const FEED_BATCH_MAX = 500;

/** Which account's id a fixed record and a header can carry, whatever a store holds: visible ASCII. */
export const CARRIED_ACCOUNT_ID = /^[\x21-\x7e]{1,64}$/;
export const ACCOUNT_ID_LENGTH_MAX = 64;
/** Characters of a profile's text; some hundred allowlist entries. */
export const PROFILE_TEXT_LENGTH_MAX = 16_384;

const NUMBERS = 8;
const WORDS = 11;
const KIND = { account: 1, accountGone: 2, key: 3, keyGone: 4 } as const;

export interface AccountRecord {
  readonly api: number;
  readonly row: number;
  readonly id: string;
  readonly tier: string;
  readonly standing: Standing;
  readonly billing: Billing;
  /** Infinity where none is set. */
  readonly trialEndsMs: number;
  /** Three words: the subject under which the account is counted. */
  readonly subject: Int32Array;
}

export interface KeyRecord {
  readonly api: number;
  /** 0 for a declared key. */
  readonly row: number;
  readonly accountRow: number;
  /** Canonical JSON of `StoredProfile`: equal text, equal profile. */
  readonly profile: string;
  /** Infinity where none is set. */
  readonly expiresAtMs: number;
  /** Three words: the 96 bits of the key's id. */
  readonly id: Int32Array;
  /** Eight words: the HMAC-SHA-256 of the key. */
  readonly digest: Int32Array;
}

/** What a key's record says of its rights, as text; the receiver knows what the words mean. */
export interface StoredProfile {
  /** '' for none. */
  readonly tier: string;
  readonly permissions: readonly string[];
  readonly role: string;
  /** undefined: any address. */
  readonly allowlist?: readonly string[];
  /** `10/minute`. */
  readonly limits: readonly string[];
}

export interface FeedSink {
  account(record: AccountRecord): void;
  accountGone(api: number, row: number): void;
  key(record: KeyRecord): void;
  keyGone(api: number, digest: Int32Array): void;
}

/** The one text for a profile: members in fixed order, lists sorted, so that equal profiles are found equal. */
export function toProfileText(profile: StoredProfile): string {
  return JSON.stringify({
    tier: profile.tier,
    permissions: [...profile.permissions].sort(),
    role: profile.role,
    ...(profile.allowlist === undefined ? {} : { allowlist: [...profile.allowlist].sort() }),
    limits: [...profile.limits].sort(),
  });
}

export function fromProfileText(text: string): StoredProfile {
  return JSON.parse(text) as StoredProfile;
}

/** Gathers at most FEED_BATCH_MAX records into one batch. */
export class FeedWriter implements FeedSink {
  private readonly numbers = new Float64Array(FEED_BATCH_MAX * NUMBERS);
  private readonly words = new Int32Array(FEED_BATCH_MAX * WORDS);
  private readonly strings: string[] = [];
  private readonly indexOfString = new Map<string, number>();
  private count = 0;

  get full(): boolean {
    return this.count === FEED_BATCH_MAX;
  }

  get size(): number {
    return this.count;
  }

  account(record: AccountRecord): void {
    const at = this.next([
      KIND.account,
      record.api,
      record.row,
      this.intern(record.id),
      this.intern(record.tier),
      STANDINGS.indexOf(record.standing),
      BILLINGS.indexOf(record.billing),
      record.trialEndsMs,
    ]);
    this.words.set(record.subject, at);
  }

  accountGone(api: number, row: number): void {
    this.next([KIND.accountGone, api, row]);
  }

  key(record: KeyRecord): void {
    const at = this.next([
      KIND.key,
      record.api,
      record.row,
      record.accountRow,
      this.intern(record.profile),
      record.expiresAtMs,
    ]);
    this.words.set(record.id, at);
    this.words.set(record.digest, at + 3);
  }

  keyGone(api: number, digest: Int32Array): void {
    const at = this.next([KIND.keyGone, api]);
    this.words.set(digest, at + 3);
  }

  batch(cursor: FeedCursor, complete: boolean): FeedBatch {
    return {
      cursor,
      complete,
      numbers: this.numbers.slice(0, this.count * NUMBERS),
      words: this.words.slice(0, this.count * WORDS),
      strings: this.strings,
    };
  }

  private next(numbers: readonly number[]): number {
    if (this.full) throw new RangeError('a feed batch is full');
    this.numbers.set(numbers, this.count * NUMBERS);
    this.count += 1;
    return (this.count - 1) * WORDS;
  }

  private intern(text: string): number {
    const known = this.indexOfString.get(text);
    if (known !== undefined) return known;
    this.indexOfString.set(text, this.strings.length);
    return this.strings.push(text) - 1;
  }
}

/** Hands every record of a batch to the sink, in the order in which it was written. The arrays in a record are views: copy what is kept. */
export function readFeed(batch: FeedBatch, sink: FeedSink): void {
  const { numbers, words } = batch;
  for (let index = 0; index * NUMBERS < numbers.length; index += 1) {
    const n = numbers.subarray(index * NUMBERS, (index + 1) * NUMBERS);
    const w = words.subarray(index * WORDS, (index + 1) * WORDS);
    readRecord({ n, w, strings: batch.strings }, sink);
  }
}

interface RawRecord {
  readonly n: Float64Array;
  readonly w: Int32Array;
  readonly strings: readonly string[];
}

function readRecord(raw: RawRecord, sink: FeedSink): void {
  const [kind = 0, api = 0] = raw.n;
  if (kind === KIND.account) sink.account(readAccount(raw));
  else if (kind === KIND.accountGone) sink.accountGone(api, raw.n[2] ?? 0);
  else if (kind === KIND.key) sink.key(readKey(raw));
  else if (kind === KIND.keyGone) sink.keyGone(api, raw.w.subarray(3, WORDS));
  else throw new RangeError(`unknown feed record kind ${kind}`);
}

function readAccount({ n, w, strings }: RawRecord): AccountRecord {
  const [, api = 0, row = 0, id = 0, tier = 0, standing = 0, billing = 0, trialEndsMs = 0] = n;
  return {
    api,
    row,
    id: strings[id] ?? '',
    tier: strings[tier] ?? '',
    standing: STANDINGS[standing] ?? 'disabled',
    billing: BILLINGS[billing] ?? 'inactive',
    trialEndsMs,
    subject: w.subarray(0, 3),
  };
}

function readKey({ n, w, strings }: RawRecord): KeyRecord {
  const [, api = 0, row = 0, accountRow = 0, profile = 0, expiresAtMs = 0] = n;
  return {
    api,
    row,
    accountRow,
    profile: strings[profile] ?? '',
    expiresAtMs,
    id: w.subarray(0, 3),
    digest: w.subarray(3, WORDS),
  };
}
