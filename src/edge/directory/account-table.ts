import { ACCOUNT_ID_LENGTH_MAX, CARRIED_ACCOUNT_ID } from '../../domain/feed-records.ts';
import type { AccountRecord } from '../../domain/feed-records.ts';
import type { Subject } from '../../domain/limit.ts';
import { BILLINGS, STANDINGS, TIER_UNKNOWN } from '../../domain/principal.ts';
import type { Account } from '../../domain/principal.ts';
import type { NamedId } from './named-id.ts';
import { NOT_INDEXED, PackedIndex } from './packed-index.ts';

/** Large pages, so that the few objects that describe them stay in the processor's cache. */
const PAGE_ROWS = 4_096;
/** 268 million accounts: more means that something else than a store's numbers stands in the feed. */
const PAGES_MAX = 65_536;

/** Words of a record: three of the subject, the API's index, the tier's, standing and billing, the id's length (0 where there is no account). */
const RECORD_WORDS = 7;
const API_AT = 3;
const TIER_AT = 4;
const STATE_AT = 5;
const ID_LENGTH_AT = 6;
/** A state is the standing's index above the billing's. */
const BILLING_BITS = 8;
const BILLING_MASK = (1 << BILLING_BITS) - 1;

/** Accounts of PAGE_ROWS rows that follow each other. */
class Page {
  readonly words = new Int32Array(PAGE_ROWS * RECORD_WORDS);
  readonly trialEndsMs = new Float64Array(PAGE_ROWS);
  readonly ids = Buffer.alloc(PAGE_ROWS * ACCOUNT_ID_LENGTH_MAX);
  size = 0;
}

/**
 * Accounts by the store's number, packed in pages. The numbers are given in order, so pages are full and no hash is needed:
 * the map holds one small number for 4,096 accounts.
 */
export class AccountTable {
  private readonly pages = new Map<number, Page>();
  private count = 0;
  private readonly indexedApis: ReadonlySet<number>;
  private readonly index = new PackedIndex<NamedId>({
    hashOf: (name) => name.word0,
    hashAt: (row) => this.wordAt(row, 0),
    isNamed: (row, name) =>
      this.wordAt(row, 0) === name.word0 &&
      this.wordAt(row, 1) === name.word1 &&
      this.wordAt(row, 2) === name.word2 &&
      this.wordAt(row, API_AT) === name.api,
  });

  /** @param indexedApis - The APIs whose accounts are found by their subject as well; the index costs about 14 bytes an account. */
  constructor(indexedApis: ReadonlySet<number>) {
    this.indexedApis = indexedApis;
  }

  get size(): number {
    return this.count;
  }

  /**
   * Adds an account or replaces what was known of it. One whose id a record cannot hold is not known afterwards.
   * @throws RangeError where the pages are used up.
   */
  put(record: AccountRecord, tier: number): void {
    if (!isRow(record.row) || !CARRIED_ACCOUNT_ID.test(record.id)) return this.drop(record.row);
    const page = this.pageFor(record.row);
    const at = record.row % PAGE_ROWS;
    const base = at * RECORD_WORDS;
    if (page.words[base + ID_LENGTH_AT] === 0) {
      page.size += 1;
      this.count += 1;
    } else {
      this.dropFromIndex(record.row);
    }
    page.words.set(record.subject, base);
    page.words[base + API_AT] = record.api;
    page.words[base + TIER_AT] = tier;
    page.words[base + STATE_AT] = stateOf(record);
    page.words[base + ID_LENGTH_AT] = page.ids.write(record.id, at * ACCOUNT_ID_LENGTH_MAX, 'latin1');
    page.trialEndsMs[at] = record.trialEndsMs;
    if (this.indexedApis.has(record.api)) this.index.put(this.nameAt(record.row), record.row);
  }

  remove(api: number, row: number): void {
    if (this.find(api, row) !== undefined) this.drop(row);
  }

  /** An account of an API as a fresh object. */
  find(api: number, row: number): Account | undefined {
    const page = this.pages.get(Math.floor(row / PAGE_ROWS));
    const at = row % PAGE_ROWS;
    const base = at * RECORD_WORDS;
    const idLength = page?.words[base + ID_LENGTH_AT] ?? 0;
    if (page === undefined || idLength === 0 || page.words[base + API_AT] !== api) return undefined;
    const idAt = at * ACCOUNT_ID_LENGTH_MAX;
    const state = page.words[base + STATE_AT] ?? -1;
    return {
      row,
      id: page.ids.toString('latin1', idAt, idAt + idLength),
      tier: page.words[base + TIER_AT] ?? TIER_UNKNOWN,
      standing: STANDINGS[state >> BILLING_BITS] ?? 'disabled',
      billing: BILLINGS[state & BILLING_MASK] ?? 'inactive',
      trialEndsMs: page.trialEndsMs[at] ?? 0,
      subject: {
        word0: page.words[base] ?? 0,
        word1: page.words[base + 1] ?? 0,
        word2: page.words[base + 2] ?? 0,
      },
    };
  }

  /** The row of an account of an API whose accounts are indexed; undefined where there is none. */
  findRow(api: number, { word0, word1, word2 }: Subject): number | undefined {
    const row = this.index.find({ api, word0, word1, word2 });
    return row === NOT_INDEXED ? undefined : row;
  }

  private drop(row: number): void {
    const pageNumber = Math.floor(row / PAGE_ROWS);
    const page = this.pages.get(pageNumber);
    const lengthAt = (row % PAGE_ROWS) * RECORD_WORDS + ID_LENGTH_AT;
    if (page === undefined || page.words[lengthAt] === 0) return;
    this.dropFromIndex(row);
    page.words[lengthAt] = 0;
    page.size -= 1;
    this.count -= 1;
    if (page.size === 0) this.pages.delete(pageNumber);
  }

  private dropFromIndex(row: number): void {
    const name = this.nameAt(row);
    if (this.indexedApis.has(name.api)) this.index.drop(name, row);
  }

  private nameAt(row: number): NamedId {
    return {
      api: this.wordAt(row, API_AT),
      word0: this.wordAt(row, 0),
      word1: this.wordAt(row, 1),
      word2: this.wordAt(row, 2),
    };
  }

  private wordAt(row: number, at: number): number {
    const page = this.pages.get(Math.floor(row / PAGE_ROWS));
    return page?.words[(row % PAGE_ROWS) * RECORD_WORDS + at] ?? 0;
  }

  private pageFor(row: number): Page {
    const pageNumber = Math.floor(row / PAGE_ROWS);
    const known = this.pages.get(pageNumber);
    if (known !== undefined) return known;
    if (this.pages.size === PAGES_MAX) throw new RangeError('the account table is full');
    const page = new Page();
    this.pages.set(pageNumber, page);
    return page;
  }
}

function stateOf({ standing, billing }: AccountRecord): number {
  return (STANDINGS.indexOf(standing) << BILLING_BITS) | BILLINGS.indexOf(billing);
}

function isRow(row: number): boolean {
  return Number.isSafeInteger(row) && row >= 0;
}
