import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Compilable } from 'kysely';
import { DependencyDown } from '../../../ports.ts';
import type { Dependency } from '../../../domain/decision.ts';
import { StoreUnusable } from '../store.ts';

/** How long a statement waits for another writer before it gives up. */
export const BUSY_TIMEOUT_MS = 2_000;
/** Prepared statements kept; the program has fewer, so none is prepared twice. */
const STATEMENTS_MAX = 128;

/**
 * `process`: committed transactions survive the death of the process, not a power cut.
 * `power`: they survive both, at the price of an fsync.
 */
export type Durability = 'process' | 'power';

const SYNCHRONOUS: Readonly<Record<Durability, string>> = {
  process: 'PRAGMA synchronous = NORMAL',
  power: 'PRAGMA synchronous = FULL',
};

const CORRUPT = 11;
/** What no retry mends. */
const CORRUPT_CURE =
  'a page of the file is damaged: stop the server, then restore a backup or make a new file with ".recover" of the sqlite3 command';
/** Primary result codes (sqlite.org/rescode.html) that speak of the database's state and not of a mistake in this program. */
const OUTAGES: ReadonlySet<number> = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  CORRUPT,
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  26, // NOTADB
]);

export interface ConnectionOptions {
  readonly path: string;
  /** `read` creates no file and refuses every change of data; it may still move pages from the log into the file. */
  readonly access: 'read' | 'write';
  /** Default BUSY_TIMEOUT_MS. */
  readonly busyTimeoutMs?: number;
}

/** One connection to a SQLite file: statements prepared once, transactions that end as a whole. */
export class SqliteConnection {
  readonly path: string;
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private durability: Durability | undefined;

  /** Throws `StoreUnusable` where the file cannot be opened. */
  constructor(options: ConnectionOptions) {
    this.path = options.path;
    this.database = openDatabase(options);
  }

  all<Row>(query: Compilable<Row>): readonly Row[] {
    const { sql, parameters } = query.compile();
    return this.wide(sql)
      .all(...(parameters as readonly SQLInputValue[]))
      .map(narrowed) as Row[];
  }

  first<Row>(query: Compilable<Row>): Row | undefined {
    const { sql, parameters } = query.compile();
    const row = this.wide(sql).get(...(parameters as readonly SQLInputValue[]));
    return row === undefined ? undefined : (narrowed(row) as Row);
  }

  /** Runs a query that answers no rows. */
  run(query: Compilable): void {
    const { sql, parameters } = query.compile();
    this.statement(sql).run(...(parameters as readonly SQLInputValue[]));
  }

  /** A prepared statement: the same for the same text. */
  statement(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    if (this.statements.size >= STATEMENTS_MAX) this.statements.clear();
    const prepared = this.database.prepare(sql);
    this.statements.set(sql, prepared);
    return prepared;
  }

  /** Reads whole numbers however large: a foreign hand may have left one that no number of JavaScript equals, and its row must be readable. */
  private wide(sql: string): StatementSync {
    const statement = this.statement(sql);
    statement.setReadBigInts(true);
    return statement;
  }

  /** Runs text that is no query: definitions and settings. */
  execute(sql: string): void {
    this.database.exec(sql);
  }

  /** Does all of `work` or, where it throws, nothing of it. The write lock is taken first: what `work` reads stays true until it is committed. */
  transaction<T>(durability: Durability, work: () => T): T {
    this.setDurability(durability);
    this.statement('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      this.statement('COMMIT').run();
      return result;
    } catch (error) {
      if (this.database.isTransaction) this.statement('ROLLBACK').run();
      throw error;
    }
  }

  /** What `work` reads stands as it was at one moment. Not inside a transaction; keep it short: the log cannot begin anew meanwhile. */
  snapshot<T>(work: () => T): T {
    this.statement('BEGIN').run();
    try {
      return work();
    } finally {
      if (this.database.isTransaction) this.statement('COMMIT').run();
    }
  }

  /** The file's absolute name, links resolved. */
  realPath(): string {
    return this.database.location() ?? this.path;
  }

  get isOpen(): boolean {
    return this.database.isOpen;
  }

  close(): void {
    this.statements.clear();
    if (this.database.isOpen) this.database.close();
  }

  /** SQLite ignores this setting inside a transaction, and acts on it when the text is compiled: a prepared statement would do nothing. */
  private setDurability(durability: Durability): void {
    if (this.durability === durability) return;
    this.execute(SYNCHRONOUS[durability]);
    this.durability = durability;
  }
}

/** Runs `action`; where the database could not do it, throws `DependencyDown`. Every other error is passed on: it is a bug. */
export function reportOutage<T>(dependency: Dependency, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = resultCode(error);
    if (code === undefined || !OUTAGES.has(code)) throw error;
    const reason = `SQLite: ${(error as Error).message}`;
    throw new DependencyDown(dependency, code === CORRUPT ? `${reason}; ${CORRUPT_CURE}` : reason);
  }
}

/** The primary result code of an error that SQLite reported; undefined for any other error. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function openDatabase({ path, access, busyTimeoutMs = BUSY_TIMEOUT_MS }: ConnectionOptions): DatabaseSync {
  if (path === '' || path.startsWith(':')) {
    throw new StoreUnusable('the SQLite store needs the path of a file: its connections share it');
  }
  try {
    const database = new DatabaseSync(uriOf(path, access), {
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
    });
    if (access === 'read') database.exec('PRAGMA query_only = ON');
    return database;
  } catch (error) {
    if (resultCode(error) === undefined) throw error;
    throw new StoreUnusable(`cannot open the database ${path}: ${hintFor(access)}`, { cause: error });
  }
}

/** A file name as SQLite's URI (sqlite.org/uri.html): the only way to open for writing without creating. */
function uriOf(path: string, access: ConnectionOptions['access']): string {
  const escaped = path.replace(/^\/+/, '/').replace(/[%?#]/g, encodeURIComponent);
  return `file:${escaped}?mode=${access === 'read' ? 'rw' : 'rwc'}`;
}

function hintFor(access: ConnectionOptions['access']): string {
  return access === 'read'
    ? 'the file does not exist, or this user may not read and write it'
    : 'its folder does not exist, or this user may not write there';
}

/** The same row, with numbers of JavaScript: beyond those that are exact the outermost of them, which can be written back. */
function narrowed(row: Record<string, unknown>): unknown {
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'bigint')
      row[name] = Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(value), Number.MAX_SAFE_INTEGER));
  }
  return row;
}
