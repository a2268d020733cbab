import {
  ENTRY_BYTES,
  addEntryAt,
  isSoundAt,
  readAccountRow,
  readEntry,
  toEntryBytes,
  toView,
} from './charge-entries.ts';
import type { ChargeEntry, EntrySum } from './charge-entries.ts';
import type { SqliteConnection } from './connection.ts';
import { setAside } from './damaged-charges.ts';

/** Above so many entries or rows some of the log is booked: what a reader of one account looks through. */
export const CHARGE_ENTRIES_MAX = 4_096;
export const CHARGE_ROWS_MAX = 512;
/** Accounts written by one booking, a few milliseconds of the writer at most; its last row may bring more. */
const BOOKED_ACCOUNTS_MAX = 1_024;

const APPEND = 'INSERT INTO charge_log (entries) VALUES (?)';
/** A damaged page may hold another type, nothing at all among them: that is not sound either, and must not go unseen. */
const ENTRIES = "coalesce(nullif(CAST(entries AS BLOB), x''), x'00')";
/** As text: a foreign hand may have given a number that no number of JavaScript equals, and what is booked must be what is removed. */
const READ = `SELECT CAST(seq AS TEXT), ${ENTRIES} FROM charge_log ORDER BY seq`;
const READ_ENTRIES = `SELECT ${ENTRIES} FROM charge_log ORDER BY seq`;
const ANY = 'SELECT 1 FROM charge_log LIMIT 1';
const REMOVE = 'DELETE FROM charge_log WHERE seq <= CAST(? AS INTEGER)';
/** ?1 account row, ?2 taken, ?3 the month, ?4 what is used of its allowance. A foreign hand may have left less than was taken. */
const BOOK = `
UPDATE accounts SET purchased = max(0, min(purchased - ?2, ${Number.MAX_SAFE_INTEGER})), allowance_month = ?3, allowance_used = ?4
WHERE row = ?1`;

type ChargeRow = readonly [seq: string, entries: Uint8Array];

/**
 * What charges and refunds did, until it is booked into the accounts. A turn of charges writes one row here and one or two pages,
 * instead of a row and often a page for each account: 1.9 µs less a charge, the booking counted (turns of 32, a thousand accounts).
 */
export class ChargeLog {
  private readonly connection: SqliteConnection;
  private rows = 0;
  private entries = 0;

  constructor(connection: SqliteConnection) {
    this.connection = connection;
  }

  /** Whether some of it should be booked, as far as this connection wrote it. */
  get isLong(): boolean {
    return this.entries > CHARGE_ENTRIES_MAX || this.rows > CHARGE_ROWS_MAX;
  }

  /** Whoever wrote it, also a process that is dead. */
  isEmpty(): boolean {
    return this.connection.statement(ANY).get() === undefined;
  }

  /** Inside a transaction. */
  append(entries: readonly ChargeEntry[]): void {
    if (entries.length === 0) return;
    this.connection.statement(APPEND).run(toEntryBytes(entries));
    this.rows += 1;
    this.entries += entries.length;
  }

  /** Inside a transaction: books what was written first. */
  bookSome(): void {
    this.book(BOOKED_ACCOUNTS_MAX);
  }

  /** Inside a transaction: from then on the accounts alone tell what they have, but for those whose charges were set aside. */
  bookAll(): void {
    this.book(Number.POSITIVE_INFINITY);
  }

  private book(accountsMax: number): void {
    const { rows, entries } = bookLog(this.connection, accountsMax);
    this.rows = rows;
    this.entries = entries;
  }
}

interface LogSize {
  readonly rows: number;
  readonly entries: number;
}

/**
 * Inside a transaction: books what was written first, until that many accounts are written, and answers what is left. What no charge
 * has written is set aside, and so is what was charged to an account that is not there. Throws `DependencyDown('credits')` where that is full.
 */
export function bookLog(connection: SqliteConnection, accountsMax: number): LogSize {
  const sums = new Map<number, Sum>();
  const damaged: ChargeRow[] = [];
  const left = { rows: 0, entries: 0 };
  let last: string | undefined;
  for (const [seq, bytes] of iterateRows(connection)) {
    if (sums.size < accountsMax) {
      const unsound = addAll(sums, bytes, seq);
      if (unsound !== undefined) damaged.push([seq, unsound]);
      last = seq;
    } else {
      left.rows += 1;
      left.entries += bytes.length / ENTRY_BYTES;
    }
  }
  if (last === undefined) return left;
  for (const [seq, unsound] of damaged) setAside(connection, Number(seq), unsound);
  bookSums(connection, sums);
  connection.statement(REMOVE).run(last);
  return left;
}

function bookSums(connection: SqliteConnection, sums: ReadonlyMap<number, Sum>): void {
  // In the order of the table: neighbours share a page.
  const ordered = [...sums.values()].sort((a, b) => a.accountRow - b.accountRow);
  const statement = connection.statement(BOOK);
  for (const sum of ordered) {
    const { accountRow, taken, allowanceMonth, allowanceUsed } = sum;
    const { changes } = statement.run(accountRow, taken, allowanceMonth, allowanceUsed);
    if (changes === 0) setAside(connection, Number(sum.seq), toEntryBytes([sum]));
  }
}

/** What an account's row does not tell yet. To be read in one transaction with the row. */
export function findUnbooked(connection: SqliteConnection, accountRow: number): ChargeEntry | undefined {
  let latest: ChargeEntry | undefined;
  let taken = 0;
  for (const bytes of readAll(connection)) {
    const view = toView(bytes);
    for (let at = 0; at < view.byteLength; at += ENTRY_BYTES) {
      // Nearly all are of other accounts, and thousands of objects for each read of a balance are too many.
      if (readAccountRow(view, at) !== accountRow || !isSoundAt(view, at)) continue;
      latest = readEntry(view, at);
      taken += latest.taken;
    }
  }
  return latest === undefined ? undefined : { ...latest, taken };
}

/** The log is short: all of its rows at once take half the time of one after the other. */
function readAll(connection: SqliteConnection): readonly Uint8Array[] {
  const statement = connection.statement(READ_ENTRIES);
  statement.setReturnArrays(true);
  return (statement.all() as unknown as readonly [Uint8Array][]).map(([bytes]) => bytes);
}

function iterateRows(connection: SqliteConnection): Iterable<ChargeRow> {
  const statement = connection.statement(READ);
  statement.setReturnArrays(true);
  return statement.iterate() as Iterable<unknown> as Iterable<ChargeRow>;
}

/** `seq`: the first row that told of the account. */
type Sum = EntrySum & { readonly seq: string };

/**
 * Adds up what a row tells, and answers those parts of it that are no entries, one after the other; undefined where there are none.
 * Entries of accounts that are there already make no object.
 */
function addAll(sums: Map<number, Sum>, bytes: Uint8Array, seq: string): Uint8Array | undefined {
  const view = toView(bytes);
  const unsound: Uint8Array[] = [];
  for (let at = 0; at < view.byteLength; at += ENTRY_BYTES) {
    if (!isSoundAt(view, at)) {
      unsound.push(bytes.subarray(at, at + ENTRY_BYTES));
      continue;
    }
    const accountRow = readAccountRow(view, at);
    const sum = sums.get(accountRow);
    if (sum === undefined) sums.set(accountRow, { ...readEntry(view, at), seq });
    else addEntryAt(sum, view, at);
  }
  return unsound.length === 0 ? undefined : Buffer.concat(unsound);
}
