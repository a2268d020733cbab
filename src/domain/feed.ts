import type {
  AccountRecord,
  FeedSink,
  KeyRecord,
  SealedKeyRecord,
  SessionRecord,
  SigningKeyRecord,
} from './feed-records.ts';
import { BILLINGS, STANDINGS } from './principal.ts';
import type { SessionKey } from './session.ts';

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

/** A place in the feed: first all accounts by row, then all keys, declared keys, sessions and signing keys, then changes by sequence number. */
export interface FeedCursor {
  readonly phase: 'accounts' | 'keys' | 'declared' | 'sessions' | 'signing_keys' | 'changes';
  /** The last row sent in this phase; unused in `changes`. */
  readonly row: number;
  /** Every change up to this sequence number is contained in what was sent once `changes` is reached. */
  readonly seq: number;
}

export const FEED_START: FeedCursor = { phase: 'accounts', row: 0, seq: -1 };
/** Records in one batch: more would hold the edge for longer than a few hundred microseconds. */
export const FEED_BATCH_MAX = 500;

const NUMBERS = 8;
const WORDS = 11;
const KIND = {
  account: 1,
  accountGone: 2,
  key: 3,
  keyGone: 4,
  session: 5,
  sessionGone: 6,
  signingKey: 7,
  signingKeyGone: 8,
} as const;
/** In the order of their numbers in a record. */
const SIGNING_ALGORITHMS: readonly SessionKey['algorithm'][] = ['EdDSA', 'ES256'];

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
      ...(record.sealed === undefined ? [] : this.sealedPlaces(record.sealed)),
    ]);
    this.words.set(record.id, at);
    this.words.set(record.digest, at + 3);
  }

  keyGone(api: number, digest: Int32Array): void {
    const at = this.next([KIND.keyGone, api]);
    this.words.set(digest, at + 3);
  }

  session(record: SessionRecord): void {
    const at = this.next([KIND.session, record.api, record.expiresAtMs]);
    this.words.set(record.id, at);
    this.words.set(record.keyId, at + 3);
  }

  sessionGone(api: number, id: Int32Array): void {
    this.words.set(id, this.next([KIND.sessionGone, api]));
  }

  signingKey({ api, kid, algorithm, jwk }: SigningKeyRecord): void {
    const number = SIGNING_ALGORITHMS.indexOf(algorithm);
    this.next([KIND.signingKey, api, this.intern(kid), number, this.intern(jwk)]);
  }

  signingKeyGone(api: number, kid: string): void {
    this.next([KIND.signingKeyGone, api, this.intern(kid)]);
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

  /** Where the two texts of a sealed key stand, counted from 1: 0 is none. */
  private sealedPlaces({ sealingKeyId, bytes }: SealedKeyRecord): readonly number[] {
    return [this.intern(sealingKeyId) + 1, this.strings.push(toLatin1(bytes))];
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
  else if (kind === KIND.session) sink.session(readSession(raw));
  else if (kind === KIND.sessionGone) sink.sessionGone(api, raw.w.subarray(0, 3));
  else if (kind === KIND.signingKey) sink.signingKey(readSigningKey(raw));
  else if (kind === KIND.signingKeyGone) sink.signingKeyGone(api, raw.strings[raw.n[2] ?? 0] ?? '');
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
  const [, api = 0, row = 0, accountRow = 0, profile = 0, expiresAtMs = 0, sealingKey = 0, sealed = 0] = n;
  return {
    api,
    row,
    accountRow,
    profile: strings[profile] ?? '',
    expiresAtMs,
    id: w.subarray(0, 3),
    digest: w.subarray(3, WORDS),
    ...(sealed === 0
      ? {}
      : {
          sealed: {
            sealingKeyId: strings[sealingKey - 1] ?? '',
            bytes: fromLatin1(strings[sealed - 1] ?? ''),
          },
        }),
  };
}

/** One character a byte: bytes among strings travel in as much room as they are long. */
function toLatin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function readSession({ n, w }: RawRecord): SessionRecord {
  const [, api = 0, expiresAtMs = 0] = n;
  return { api, id: w.subarray(0, 3), keyId: w.subarray(3, 6), expiresAtMs };
}

function readSigningKey({ n, strings }: RawRecord): SigningKeyRecord {
  const [, api = 0, kid = 0, algorithm = 0, jwk = 0] = n;
  const known = SIGNING_ALGORITHMS[algorithm];
  if (known === undefined) throw new RangeError(`unknown signing algorithm ${algorithm}`);
  return { api, kid: strings[kid] ?? '', algorithm: known, jwk: strings[jwk] ?? '' };
}
