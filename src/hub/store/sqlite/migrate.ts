import type { SqliteConnection } from './connection.ts';
import { reportOutage, resultCode } from './connection.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Migration } from './migrations.ts';
import { StoreUnusable } from '../store.ts';

const NOT_A_DATABASE = 26;
const RECORD = 'CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT';

/**
 * Brings a database to the form this program needs, each step in a transaction of its own, and answers the steps it took.
 * Does nothing to one that has it. Throws `StoreUnusable` for a newer database and for a file that is none of ours.
 */
export function migrate(
  connection: SqliteConnection,
  migrations: readonly Migration[] = MIGRATIONS,
): readonly Migration[] {
  return reportOutage('directory', () => {
    checkOurs(connection, migrations);
    connection.transaction('power', () => createRecord(connection));
    return migrations.filter((step) => connection.transaction('power', () => apply(connection, step)));
  });
}

/** Throws `StoreUnusable` unless the database has exactly the form this program needs. */
export function checkMigrated(connection: SqliteConnection): void {
  const current = reportOutage('directory', () => {
    checkOurs(connection, MIGRATIONS);
    return hasRecord(connection) && appliedNumber(connection) === newestOf(MIGRATIONS);
  });
  if (current) return;
  throw new StoreUnusable(
    `the database ${connection.path} is older than this program: run "tollgate migrate"`,
  );
}

function checkOurs(connection: SqliteConnection, migrations: readonly Migration[]): void {
  const { path } = connection;
  if (!hasRecord(connection)) {
    if (tableCount(connection) === 0) return;
    throw new StoreUnusable(`the database ${path} belongs to another program: name a file of its own`);
  }
  const applied = appliedNumber(connection);
  const newest = newestOf(migrations);
  if (applied <= newest) return;
  throw new StoreUnusable(
    `the database ${path} has form ${applied}, made by a newer version of this program, which knows forms up to ${newest}: run the newer version`,
  );
}

/** Reads the file for the first time, which is when SQLite finds out what it is. */
function hasRecord(connection: SqliteConnection): boolean {
  try {
    const found = connection
      .statement("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'")
      .get();
    return found !== undefined;
  } catch (error) {
    if (resultCode(error) !== NOT_A_DATABASE) throw error;
    throw new StoreUnusable(`the file ${connection.path} is not an SQLite database`, { cause: error });
  }
}

function tableCount(connection: SqliteConnection): number {
  return Number(connection.statement('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables ?? 0);
}

function appliedNumber(connection: SqliteConnection): number {
  const newest = connection.statement('SELECT max(number) AS newest FROM migrations').get();
  return Number(newest?.newest ?? 0);
}

function newestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.number ?? 0;
}

function createRecord(connection: SqliteConnection): void {
  if (!hasRecord(connection)) connection.execute(RECORD);
}

/** Whether the step was taken. Asked inside the transaction, because another process may have taken it since. */
function apply(connection: SqliteConnection, migration: Migration): boolean {
  if (appliedNumber(connection) >= migration.number) return false;
  connection.execute(migration.sql);
  connection
    .statement('INSERT INTO migrations (number, name) VALUES (?, ?)')
    .run(migration.number, migration.name);
  return true;
}
