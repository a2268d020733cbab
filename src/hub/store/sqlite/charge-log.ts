import type { SqliteConnection } from './connection.ts';

/** Above so many entries or rows some of the log is booked: what a reader of one account looks through, and the first charge after a start books at once. */
export const LOG_ENTRIES_MAX = 4_096;
export const LOG_ROWS_MAX = 512;
/** Accounts written by one booking, a few milliseconds of the writer at most; its last row may bring more. */
const BOOKED_ACCOUNTS_MAX = 1_024;

const APPEND = 'INSERT INTO charge_log (entries) VALUES (?)';
const READ = 'SELECT seq, entries FROM charge_log ORDER BY seq';
const READ_ENTRIES = 'SELECT entries FROM charge_log ORDER BY seq';
const ANY = 'SELECT 1 FROM charge_log LIMIT 1';
const REMOVE = 'DELETE FROM charge_log WHERE seq <= ?';
/** ?1 account row, ?2 taken, ?3 the month, ?4 what is used of its allowance. A foreign hand may have left less than was taken. */
const BOOK = `
UPDATE accounts SET purchased = max(0, min(purchased - ?2, ${Number.MAX_SAFE_INTEGER})), allowance_month = ?3, allowance_used = ?4
WHERE row = ?1`;

type LogRow = readonly [seq: number, entries: Uint8Array];

const NUMBER_BYTES = 8;
const ENTRY_BYTES = 4 * NUMBER_BYTES;

/**
 * What one charge or refund did. Purchased credits are told as a difference, so that what a foreign hand adds in between counts;
 * the allowance as it stands afterwards, since nothing else writes it.
 */
export interface ChargeEntry {
  readonly accountRow: number;
  /** From purchased credits; negative where they were given back. */
  readonly taken: number;
  readonly allowanceMonth: number;
  readonly allowanceUsed: number;
}

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
    return this.entries > LOG_ENTRIES_MAX || this.rows > LOG_ROWS_MAX;
  }

  /** Whoever wrote it, also a process that is dead. */
  isEmpty(): boolean {
    return this.connection.statement(ANY).get() === undefined;
  }

  /** Inside a transaction. */
  append(entries: readonly ChargeEntry[]): void {
    if (entries.length === 0) return;
    this.connection.statement(APPEND).run(toBytes(entries));
    this.rows += 1;
    this.entries += entries.length;
  }

  /** Inside a transaction: books what was written first. */
  bookSome(): void {
    this.book(BOOKED_ACCOUNTS_MAX);
  }

  /** Inside a transaction: from then on the accounts alone tell what they have. */
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

/** Inside a transaction: books what was written first, until that many accounts are written, and answers what is left. */
export function bookLog(connection: SqliteConnection, accountsMax: number): LogSize {
  const sums = new Map<number, Sum>();
  const left = { rows: 0, entries: 0 };
  let last = 0;
  for (const [seq, bytes] of iterateRows(connection)) {
    if (sums.size < accountsMax) {
      addAll(sums, bytes);
      last = seq;
    } else {
      left.rows += 1;
      left.entries += bytes.length / ENTRY_BYTES;
    }
  }
  if (last === 0) return left;
  // In the order of the table: neighbours share a page.
  const ordered = [...sums.values()].sort((a, b) => a.accountRow - b.accountRow);
  const statement = connection.statement(BOOK);
  for (const { accountRow, taken, allowanceMonth, allowanceUsed } of ordered)
    statement.run(accountRow, taken, allowanceMonth, allowanceUsed);
  connection.statement(REMOVE).run(last);
  return left;
}

/** What an account's row does not tell yet. To be read in one transaction with the row. */
export function findUnbooked(connection: SqliteConnection, accountRow: number): ChargeEntry | undefined {
  let latest: ChargeEntry | undefined;
  let taken = 0;
  for (const bytes of readAll(connection)) {
    const view = toView(bytes);
    for (let at = 0; at < view.byteLength; at += ENTRY_BYTES) {
      // Nearly all are of other accounts, and thousands of objects for each read of a balance are too many.
      if (view.getFloat64(at, true) !== accountRow) continue;
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

function iterateRows(connection: SqliteConnection): Iterable<LogRow> {
  const statement = connection.statement(READ);
  statement.setReturnArrays(true);
  return statement.iterate() as Iterable<unknown> as Iterable<LogRow>;
}

/** What several entries of an account come to. */
type Sum = { -readonly [Field in keyof ChargeEntry]: ChargeEntry[Field] };

/** Entries of accounts that are there already make no object. */
function addAll(sums: Map<number, Sum>, bytes: Uint8Array): void {
  const view = toView(bytes);
  for (let at = 0; at < view.byteLength; at += ENTRY_BYTES) {
    const accountRow = view.getFloat64(at, true);
    const sum = sums.get(accountRow);
    if (sum === undefined) {
      sums.set(accountRow, readEntry(view, at));
      continue;
    }
    sum.taken += view.getFloat64(at + NUMBER_BYTES, true);
    sum.allowanceMonth = view.getFloat64(at + 2 * NUMBER_BYTES, true);
    sum.allowanceUsed = view.getFloat64(at + 3 * NUMBER_BYTES, true);
  }
}

/** Four numbers of 64 bits an entry, least significant byte first, on every machine. */
function toBytes(entries: readonly ChargeEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { accountRow, taken, allowanceMonth, allowanceUsed } of entries) {
    view.setFloat64(at, accountRow, true);
    view.setFloat64(at + NUMBER_BYTES, taken, true);
    view.setFloat64(at + 2 * NUMBER_BYTES, allowanceMonth, true);
    view.setFloat64(at + 3 * NUMBER_BYTES, allowanceUsed, true);
    at += ENTRY_BYTES;
  }
  return bytes;
}

function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readEntry(view: DataView, at: number): ChargeEntry {
  return {
    accountRow: view.getFloat64(at, true),
    taken: view.getFloat64(at + NUMBER_BYTES, true),
    allowanceMonth: view.getFloat64(at + 2 * NUMBER_BYTES, true),
    allowanceUsed: view.getFloat64(at + 3 * NUMBER_BYTES, true),
  };
}
