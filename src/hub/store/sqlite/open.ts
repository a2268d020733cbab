import type { Note } from '../../../domain/report.ts';
import { DependencyDown } from '../../../ports.ts';
import type { Keeper } from '../../../ports.ts';
import { NOTHING_DECLARED } from '../declared.ts';
import type { Declared } from '../declared.ts';
import { StoreUnusable } from '../store.ts';
import type { Store, StoreReads } from '../store.ts';
import { createDeclaredAccountTest } from './account-rows.ts';
import { createAccountWrites } from './account-writes.ts';
import { createCharging } from './charge.ts';
import type { Charging } from './charge.ts';
import { checkpoint } from './checkpoint.ts';
import type { Checkpoint, CheckpointKind } from './checkpoint.ts';
import { reportOutage, SqliteConnection } from './connection.ts';
import { endUndeclaredSessions } from './declared-sessions.ts';
import { admitDeclared } from './declared.ts';
import { createFeed } from './feed.ts';
import { readLatestSeq } from './feed-step.ts';
import { createKeyWrites } from './key-writes.ts';
import { createKnownDigests } from './known-digests.ts';
import { checkMigrated, migrate } from './migrate.ts';
import { createOperatorWrites } from './operator-writes.ts';
import { createReads } from './reads.ts';
import { createFindHolder } from './session-holder.ts';
import { SESSION_BOUNDS, createSessionWrites } from './session-writes.ts';
import type { SessionBounds } from './session-writes.ts';
import { createSigningKeyWrites } from './signing-key-rows.ts';
import { createWindowKeeping } from './window-keeping.ts';
import { createWriter } from './writer.ts';
import type { Writer } from './writer.ts';

export interface SqliteReaderOptions {
  readonly path: string;
  /** Default: nothing. */
  readonly declared?: Declared;
  /** How long a statement waits for another writer; default BUSY_TIMEOUT_MS. */
  readonly busyTimeoutMs?: number;
}

export interface SqliteStoreOptions extends SqliteReaderOptions {
  /** In the order of the policy. */
  readonly apiNames: readonly string[];
  /**
   * Who moves pages from the write-ahead log into the database: SQLite itself inside some commits (default),
   * or whoever calls `checkpoint`, so that no charge waits for it.
   */
  readonly checkpoints?: 'automatic' | 'by_caller';
  /** Default SESSION_BOUNDS. */
  readonly sessionBounds?: Partial<SessionBounds>;
  /** Told of rows that are damaged: at the start, and when one is found later. Default: nobody. */
  readonly onNote?: (note: Note) => void;
}

export interface SqliteStore extends Store {
  /** The number of the latest change; 0 before the first. */
  latestSeq(): number;
  checkpoint(kind: CheckpointKind): Checkpoint;
}

export interface SqliteReader {
  readonly reads: StoreReads;
  /** `passive`, so that no writer waits. */
  checkpoint(): Checkpoint;
  close(): void;
}

/**
 * Opens the database for its one writing thread; makes the file and brings it to this program's form where needed.
 * Throws `StoreUnusable` where that cannot be, or where a declared key has no account or stands in the store already.
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { declared = NOTHING_DECLARED, onNote = ignore } = options;
  const connection = new SqliteConnection({ ...options, access: 'write' });
  return closeOnError(connection, () => {
    migrate(connection);
    prepareWriter(connection, options);
    reportOutage('directory', () =>
      connection.transaction('power', () => {
        admitDeclared(connection, declared);
        endUndeclaredSessions(connection, declared.keys);
      }),
    );
    const writer = createWriter(connection);
    const charging = createCharging(writer, onNote);
    charging.recover();
    return {
      reads: createReads(connection, declared),
      writes: {
        ...createAccountWrites(writer, createDeclaredAccountTest(declared)),
        ...createKeyWrites(writer, createKnownDigests(declared.keys)),
        ...createSessionWrites({
          writer,
          findHolder: createFindHolder(declared.keys),
          bounds: { ...SESSION_BOUNDS, ...options.sessionBounds },
        }),
        ...createSigningKeyWrites(writer),
        ...createOperatorWrites(writer),
      },
      keeper: createKeeper(writer, charging, options),
      latestSeq: () => readLatestSeq(connection),
      checkpoint: (kind) => checkpoint(connection, kind),
      close() {
        try {
          if (connection.isOpen) bookAtRest(charging);
        } finally {
          connection.close();
        }
      },
    };
  });
}

function ignore(): void {
  // Nobody asked to be told.
}

/** What cannot be booked now stays in the log, and is booked before the next charge. */
function bookAtRest(charging: Charging): void {
  try {
    charging.bookAll();
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
  }
}

/** Opens the database for reads beside its writer, for another thread or a moment; never creates or changes one. */
export function openSqliteReader(options: SqliteReaderOptions): SqliteReader {
  const connection = new SqliteConnection({ ...options, access: 'read' });
  return closeOnError(connection, () => {
    checkMigrated(connection);
    return {
      reads: createReads(connection, options.declared ?? NOTHING_DECLARED),
      checkpoint: () => checkpoint(connection, 'passive'),
      close: () => connection.close(),
    };
  });
}

/** Brings the database to this program's form and answers the names of the steps taken: none where it had it. */
export function migrateSqlite(path: string): readonly string[] {
  const connection = new SqliteConnection({ path, access: 'write' });
  try {
    const taken = migrate(connection).map(({ name }) => name);
    // A reader that opened before the log exists would move nothing out of it, and say that all is moved.
    switchToLog(connection);
    return taken;
  } finally {
    connection.close();
  }
}

function prepareWriter(
  connection: SqliteConnection,
  { checkpoints = 'automatic' }: SqliteStoreOptions,
): void {
  switchToLog(connection);
  if (checkpoints === 'by_caller') connection.execute('PRAGMA wal_autocheckpoint = 0');
}

/** Only a database that is ours is switched to the log: `migrate` has refused every other. */
function switchToLog(connection: SqliteConnection): void {
  const mode = reportOutage('directory', () => connection.statement('PRAGMA journal_mode = WAL').get());
  if (mode?.journal_mode !== 'wal') {
    throw new StoreUnusable(
      `the file system of ${connection.path} cannot share a write-ahead log: use a local disk`,
    );
  }
}

function createKeeper(
  writer: Writer,
  { charge, refund, bookCharges }: Charging,
  { apiNames, declared = NOTHING_DECLARED, onNote = ignore }: SqliteStoreOptions,
): Keeper {
  const { connection } = writer;
  const feed = createFeed(connection, { apiNames, declaredKeys: declared.keys });
  let version = readDataVersion(connection);
  return {
    read: (after) => feed.read(after),
    charge,
    refund,
    bookCharges,
    ...createWindowKeeping(connection, onNote),
    onChange: writer.onChange,
    changedElsewhere() {
      const before = version;
      version = readDataVersion(connection);
      return version !== before;
    },
  };
}

/** Grows when another connection has committed (sqlite.org/pragma.html#pragma_data_version). */
function readDataVersion(connection: SqliteConnection): number {
  return reportOutage('directory', () =>
    Number(connection.statement('PRAGMA data_version').get()?.data_version ?? 0),
  );
}

function closeOnError<T>(connection: SqliteConnection, open: () => T): T {
  try {
    return open();
  } catch (error) {
    connection.close();
    throw error;
  }
}
