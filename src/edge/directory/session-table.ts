import type { SessionRecord } from '../../domain/feed-records.ts';
import type { Subject } from '../../domain/limit.ts';
import type { NamedId } from './named-id.ts';
import { toSubject } from './named-id.ts';
import { NOT_INDEXED, PackedIndex } from './packed-index.ts';
import { PackedRows } from './packed-rows.ts';

/** Words of a row: three of the session's id, its API's index, three of its key's id. */
const ROW_WORDS = 7;
const API_AT = 3;
const KEY_AT = 4;
/** Numbers of a row: the wall time of its end. */
const ROW_NUMBERS = 1;

/** A session as it lies in the table. */
export interface SessionPlace {
  readonly keyId: Subject;
  readonly expiresAtMs: number;
}

/** Every live session that the feed has told of: about 50 bytes each. */
export class SessionTable {
  private readonly rows = new PackedRows(ROW_WORDS, ROW_NUMBERS);
  private readonly index = new PackedIndex<NamedId>({
    hashOf: (name) => name.word0,
    hashAt: (row) => this.rows.word(row, 0),
    isNamed: (row, name) =>
      this.rows.word(row, 0) === name.word0 &&
      this.rows.word(row, 1) === name.word1 &&
      this.rows.word(row, 2) === name.word2 &&
      this.rows.word(row, API_AT) === name.api,
  });

  get size(): number {
    return this.rows.size;
  }

  /**
   * Adds a session or replaces what was known of it.
   * @throws RangeError where all rows are taken.
   */
  put({ api, id, keyId, expiresAtMs }: SessionRecord): void {
    const name = { api, ...toSubject(id) };
    const known = this.index.find(name);
    const row = known === NOT_INDEXED ? this.rows.take() : known;
    for (let at = 0; at < 3; at += 1) {
      this.rows.setWord(row, at, id[at] ?? 0);
      this.rows.setWord(row, KEY_AT + at, keyId[at] ?? 0);
    }
    this.rows.setWord(row, API_AT, api);
    this.rows.setNumber(row, 0, expiresAtMs);
    this.index.put(name, row);
  }

  remove(api: number, id: Int32Array): void {
    const name = { api, ...toSubject(id) };
    const row = this.index.find(name);
    if (row === NOT_INDEXED) return;
    this.index.drop(name, row);
    this.rows.release(row);
  }

  find(name: NamedId): SessionPlace | undefined {
    const row = this.index.find(name);
    if (row === NOT_INDEXED) return undefined;
    return {
      keyId: {
        word0: this.rows.word(row, KEY_AT),
        word1: this.rows.word(row, KEY_AT + 1),
        word2: this.rows.word(row, KEY_AT + 2),
      },
      expiresAtMs: this.rows.number(row, 0),
    };
  }
}
