import { MONTH_MAX } from './charge-entries.ts';
import type { ChargeLog } from './charge-log.ts';
import type { SqliteConnection } from './connection.ts';
import type { DamagedCharges } from './damaged-charges.ts';
import type { Writer } from './writer.ts';

/** Accounts and keys that are remembered; where there are more, all are read anew. About 100 bytes each. */
const ACCOUNTS_MAX = 32_768;
const KEYS_MAX = 131_072;

const VERSION = 'PRAGMA data_version';
/** As floating numbers: a foreign hand may have given some that no other number of JavaScript holds. */
const ACCOUNT = `
SELECT standing, CAST(purchased AS REAL) AS purchased, CAST(allowance_month AS REAL) AS allowance_month,
  CAST(allowance_used AS REAL) AS allowance_used
FROM accounts WHERE row = ?`;
/** As there. */
const KEY =
  'SELECT account_row, CAST(expires_ms AS REAL) AS expires_ms FROM keys WHERE row = ? AND revoked_ms IS NULL';

/** What a charge is judged by. */
export interface KnownAccount {
  readonly isOk: boolean;
  purchased: number;
  allowanceMonth: number;
  allowanceUsed: number;
}

interface KnownKey {
  readonly accountRow: number;
  readonly expiresMs: number;
}

/**
 * Accounts and keys as they stand in the store, each read once and kept while nobody else writes: two statements of a charge that are
 * not run (3 µs). Whoever charges changes the balances here with what it logs, and calls `forget` where that was not committed.
 */
export class KnownAccounts {
  private readonly connection: SqliteConnection;
  private readonly writer: Writer;
  private readonly log: ChargeLog;
  private readonly damaged: DamagedCharges;
  private readonly accounts = new Map<number, KnownAccount>();
  private readonly keys = new Map<number, KnownKey>();
  private version: number | undefined;
  private revision = 0;

  constructor(writer: Writer, log: ChargeLog, damaged: DamagedCharges) {
    this.connection = writer.connection;
    this.writer = writer;
    this.log = log;
    this.damaged = damaged;
  }

  /** First thing inside a transaction: forgets what another connection, or another part of this program, may have changed. */
  refresh(): void {
    const version = this.readVersion();
    const revision = this.writer.revision();
    const isFull = this.accounts.size > ACCOUNTS_MAX || this.keys.size > KEYS_MAX;
    if (version === this.version && revision === this.revision && !isFull) return;
    this.accounts.clear();
    this.keys.clear();
    // What is read from now on stands in the accounts alone.
    this.log.bookAll();
    this.damaged.refresh();
    this.version = version;
    this.revision = revision;
  }

  forget(): void {
    this.version = undefined;
  }

  /** Whether some of what the account was charged is damaged, so that nobody knows what it has. */
  isDamaged(accountRow: number): boolean {
    return this.damaged.has(accountRow);
  }

  find(accountRow: number): KnownAccount | undefined {
    const known = this.accounts.get(accountRow);
    if (known !== undefined) return known;
    const read = this.readAccount(accountRow);
    if (read !== undefined) this.accounts.set(accountRow, read);
    return read;
  }

  /** Whether a key of that account is neither revoked nor expired. */
  keyWorks(keyRow: number, accountRow: number, wallMs: number): boolean {
    const key = this.keys.get(keyRow) ?? this.readKey(keyRow);
    return key !== undefined && key.accountRow === accountRow && key.expiresMs > wallMs;
  }

  /** Grows when another connection has committed (sqlite.org/pragma.html#pragma_data_version). */
  private readVersion(): number {
    return Number(this.connection.statement(VERSION).get()?.data_version);
  }

  private readAccount(row: number): KnownAccount | undefined {
    const found = this.connection.statement(ACCOUNT).get(row);
    if (found === undefined) return undefined;
    const { standing, purchased, allowance_month, allowance_used } = found;
    // What a foreign hand left beyond these bounds would make each charge one that the log does not believe.
    return {
      isOk: standing === 'ok',
      purchased: Math.min(Number(purchased), Number.MAX_SAFE_INTEGER),
      allowanceMonth: within(0, Number(allowance_month), MONTH_MAX),
      allowanceUsed: within(0, Number(allowance_used), Number.MAX_SAFE_INTEGER),
    };
  }

  private readKey(row: number): KnownKey | undefined {
    const found = this.connection.statement(KEY).get(row);
    if (found === undefined) return undefined;
    const key = {
      accountRow: Number(found.account_row),
      expiresMs: Number(found.expires_ms ?? Number.POSITIVE_INFINITY),
    };
    this.keys.set(row, key);
    return key;
  }
}

function within(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
