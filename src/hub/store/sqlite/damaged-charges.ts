import type { Note } from '../../../domain/report.ts';
import { DependencyDown } from '../../../ports.ts';
import { ENTRY_BYTES, readAccountRow, toView } from './charge-entries.ts';
import type { SqliteConnection } from './connection.ts';

/** Rows of the log of which something was set aside and nobody has looked at yet; with more, all charging stops: that is no damage of a few accounts. */
export const DAMAGED_ROWS_MAX = 1_000;
/** Rows that are told of one by one. */
const TOLD_ROWS_MAX = 10;
/** Accounts that one line of the log names. */
const NAMED_ACCOUNTS_MAX = 10;

const LOOK = 'look into the table damaged_charges';

const SET_ASIDE = 'INSERT INTO damaged_charges (log_row, entries) VALUES (?, ?)';
const COUNT = 'SELECT count(*) AS rows FROM damaged_charges';
/** A damaged page may hold nothing where bytes were. */
const READ = `
SELECT number, log_row AS logRow, coalesce(CAST(entries AS BLOB), x'') AS entries FROM damaged_charges ORDER BY number`;

interface DamagedRow {
  readonly number: number;
  readonly logRow: number;
  readonly entries: Uint8Array;
}

/**
 * Inside the transaction that takes these bytes of a row out of the log. What was charged by them is not known, so it is booked nowhere;
 * they stay until an operator has looked. Throws `DependencyDown('credits')` where there are DAMAGED_ROWS_MAX.
 */
export function setAside(connection: SqliteConnection, logRow: number, entries: Uint8Array): void {
  if (Number(connection.statement(COUNT).get()?.rows) >= DAMAGED_ROWS_MAX)
    throw new DependencyDown('credits', `too many rows of charge_log are damaged: ${LOOK}`);
  connection.statement(SET_ASIDE).run(logRow, entries);
}

/** Whose charges were set aside: what these accounts have is not known, and nothing may be spent twice. */
export class DamagedCharges {
  private readonly connection: SqliteConnection;
  private readonly onNote: (note: Note) => void;
  private accounts: ReadonlySet<number> = new Set();
  private toldUpTo = 0;

  constructor(connection: SqliteConnection, onNote: (note: Note) => void) {
    this.connection = connection;
    this.onNote = onNote;
  }

  has(accountRow: number): boolean {
    return this.accounts.has(accountRow);
  }

  /** Reads what is set aside now, and tells what this process has not told yet. */
  refresh(): void {
    const rows = this.connection.statement(READ).all() as unknown as readonly DamagedRow[];
    this.accounts = new Set(rows.flatMap(accountsOf));
    const untold = rows.filter(({ number }) => number > this.toldUpTo);
    this.toldUpTo = rows.at(-1)?.number ?? this.toldUpTo;
    for (const row of untold.slice(0, TOLD_ROWS_MAX)) this.tell(row);
    const count = untold.length - TOLD_ROWS_MAX;
    if (count > 0)
      this.onNote({ level: 'error', message: 'more charges are damaged', fields: { cure: LOOK, count } });
  }

  private tell(row: DamagedRow): void {
    const accounts = [...new Set(accountsOf(row))];
    this.onNote({
      level: 'error',
      message:
        'charges are damaged and booked nowhere: checks that cost their accounts credits are outages until an operator has looked',
      fields: {
        table: 'charge_log',
        row: row.logRow,
        entries: Math.ceil(row.entries.length / ENTRY_BYTES),
        account_rows: accounts.slice(0, NAMED_ACCOUNTS_MAX).join(', '),
        cure: `set these rows of accounts right, then DELETE FROM damaged_charges WHERE number = ${row.number}`,
      },
    });
  }
}

/** As far as their numbers can be ones of accounts. */
function accountsOf({ entries }: DamagedRow): number[] {
  const view = toView(entries);
  const accounts: number[] = [];
  for (let at = 0; at < view.byteLength; at += ENTRY_BYTES) {
    const accountRow = readAccountRow(view, at);
    if (Number.isSafeInteger(accountRow) && accountRow > 0) accounts.push(accountRow);
  }
  return accounts;
}
