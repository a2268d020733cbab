import { SEALED_KEY_BYTES_MAX } from '../../domain/feed-records.ts';
import type { KeyRecord, SealedKeyRecord } from '../../domain/feed-records.ts';
import type { NamedId } from './named-id.ts';
import { toSubject } from './named-id.ts';
import { NOT_INDEXED, PackedIndex } from './packed-index.ts';
import { PackedRows } from './packed-rows.ts';

/** Words of a row: three of the key's id, its API's index, the next newer and the next older row of its account, the sealing key's number, the length of the sealed bytes. The bytes follow. */
const API_AT = 3;
const NEWER_AT = 4;
const OLDER_AT = 5;
const SEALING_KEY_AT = 6;
const LENGTH_AT = 7;
const BYTES_AT = 8;
/** An issued key, a nonce and a tag take about 75; longer ones, of imported keys, lie elsewhere. */
const INLINE_BYTES_MAX = 96;
const ROW_WORDS = BYTES_AT + INLINE_BYTES_MAX / 4;
/** Numbers of a row: the key's row, its account's, the wall time of its expiry. */
const ROW_NUMBERS = 3;
const ACCOUNT_ROW_AT = 1;
const EXPIRY_AT = 2;
const NONE = -1;
/** As many as ever seal at a time, and many more. A key under a further one cannot sign. */
const SEALING_KEYS_MAX = 256;

/** A key that can sign, as it lies in the table. */
export interface SignerPlace {
  readonly id: NamedId;
  readonly keyRow: number;
  readonly expiresAtMs: number;
  /** Its bytes are a view: to be read at once. */
  readonly sealed: SealedKeyRecord;
}

interface AccountName {
  readonly api: number;
  readonly row: number;
}

/** Sealed keys, by their id and by their account, newest first: about 180 bytes each, for APIs alone whose customers sign tokens. */
export class SignerTable {
  private readonly rows = new PackedRows(ROW_WORDS, ROW_NUMBERS);
  private readonly longBytes = new Map<number, Uint8Array>();
  private readonly sealingKeyIds: string[] = [];
  private readonly ids = new PackedIndex<NamedId>({
    hashOf: (name) => name.word0,
    hashAt: (row) => this.rows.word(row, 0),
    isNamed: (row, name) =>
      this.rows.word(row, 0) === name.word0 &&
      this.rows.word(row, 1) === name.word1 &&
      this.rows.word(row, 2) === name.word2 &&
      this.rows.word(row, API_AT) === name.api,
  });
  /** The newest key of every account. */
  private readonly newest = new PackedIndex<AccountName>({
    hashOf: (name) => mix(name.row),
    hashAt: (row) => mix(this.rows.number(row, ACCOUNT_ROW_AT)),
    isNamed: (row, name) =>
      this.rows.number(row, ACCOUNT_ROW_AT) === name.row && this.rows.word(row, API_AT) === name.api,
  });

  get size(): number {
    return this.rows.size;
  }

  /** Adds a key, as its account's newest, or replaces what was known of it; one that is not sealed, or not readably so, cannot sign. */
  put(key: KeyRecord): void {
    const { api, sealed } = key;
    const name = { api, ...toSubject(key.id) };
    const sealingKey = sealed === undefined ? NONE : this.numberOf(sealed.sealingKeyId);
    if (sealed === undefined || sealingKey === NONE || sealed.bytes.length > SEALED_KEY_BYTES_MAX) {
      return this.remove(name);
    }
    const row = this.rowFor(name, key.accountRow);
    this.rows.setNumber(row, 0, key.row);
    this.rows.setNumber(row, EXPIRY_AT, key.expiresAtMs);
    this.rows.setWord(row, SEALING_KEY_AT, sealingKey);
    this.writeBytes(row, sealed.bytes);
  }

  remove(name: NamedId): void {
    const row = this.ids.find(name);
    if (row === NOT_INDEXED) return;
    this.ids.drop(name, row);
    this.unlink(row);
    this.longBytes.delete(row);
    this.rows.release(row);
  }

  find(name: NamedId): SignerPlace | undefined {
    const row = this.ids.find(name);
    return row === NOT_INDEXED ? undefined : this.placeOf(row);
  }

  /** The keys of an account, the newest first. No change may come in between. */
  *ofAccount(api: number, accountRow: number): Generator<SignerPlace> {
    let row = this.newest.find({ api, row: accountRow });
    while (row !== NONE) {
      yield this.placeOf(row);
      row = this.rows.word(row, OLDER_AT);
    }
  }

  private placeOf(row: number): SignerPlace {
    const length = this.rows.word(row, LENGTH_AT);
    return {
      id: {
        api: this.rows.word(row, API_AT),
        word0: this.rows.word(row, 0),
        word1: this.rows.word(row, 1),
        word2: this.rows.word(row, 2),
      },
      keyRow: this.rows.number(row, 0),
      expiresAtMs: this.rows.number(row, EXPIRY_AT),
      sealed: {
        sealingKeyId: this.sealingKeyIds[this.rows.word(row, SEALING_KEY_AT)] ?? '',
        bytes: this.longBytes.get(row) ?? this.rows.bytes(row, BYTES_AT, length),
      },
    };
  }

  /** The key's row, linked under its account. */
  private rowFor(name: NamedId, accountRow: number): number {
    const known = this.ids.find(name);
    if (known !== NOT_INDEXED && this.rows.number(known, ACCOUNT_ROW_AT) === accountRow) return known;
    if (known !== NOT_INDEXED) this.remove(name);
    const row = this.rows.take();
    this.rows.setWord(row, 0, name.word0);
    this.rows.setWord(row, 1, name.word1);
    this.rows.setWord(row, 2, name.word2);
    this.rows.setWord(row, API_AT, name.api);
    this.rows.setNumber(row, ACCOUNT_ROW_AT, accountRow);
    this.ids.put(name, row);
    this.link(row, { api: name.api, row: accountRow });
    return row;
  }

  private link(row: number, account: AccountName): void {
    const older = this.newest.find(account);
    this.rows.setWord(row, NEWER_AT, NONE);
    this.rows.setWord(row, OLDER_AT, older);
    if (older !== NOT_INDEXED) this.rows.setWord(older, NEWER_AT, row);
    this.newest.put(account, row);
  }

  private unlink(row: number): void {
    const account = { api: this.rows.word(row, API_AT), row: this.rows.number(row, ACCOUNT_ROW_AT) };
    const newer = this.rows.word(row, NEWER_AT);
    const older = this.rows.word(row, OLDER_AT);
    if (newer !== NONE) this.rows.setWord(newer, OLDER_AT, older);
    else if (older !== NONE) this.newest.put(account, older);
    else this.newest.drop(account, row);
    if (older !== NONE) this.rows.setWord(older, NEWER_AT, newer);
  }

  private writeBytes(row: number, bytes: Uint8Array): void {
    this.longBytes.delete(row);
    this.rows.setWord(row, LENGTH_AT, bytes.length);
    if (bytes.length > INLINE_BYTES_MAX) this.longBytes.set(row, bytes.slice());
    else this.rows.bytes(row, BYTES_AT, bytes.length).set(bytes);
  }

  private numberOf(sealingKeyId: string): number {
    const known = this.sealingKeyIds.indexOf(sealingKeyId);
    if (known !== NONE) return known;
    if (this.sealingKeyIds.length === SEALING_KEYS_MAX) return NONE;
    return this.sealingKeyIds.push(sealingKeyId) - 1;
  }
}

/** Rows are numbers of the store, given in order: what spreads them need not be secret. */
function mix(row: number): number {
  const low = Math.imul((row % 2 ** 32) | 0, 0x9e3779b1) ^ Math.floor(row / 2 ** 32);
  return Math.imul(low ^ (low >>> 15), 0x846ca68b);
}
