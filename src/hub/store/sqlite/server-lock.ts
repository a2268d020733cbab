import { SqliteConnection, resultCode } from './connection.ts';
import { StoreUnusable } from '../store.ts';

const BUSY = 5;

/** Held by the one process that serves a database. */
export interface ServerLock {
  release(): void;
}

/**
 * Makes this process the only one that serves the database at `path`; throws `StoreUnusable` where another does.
 * The lock is SQLite's own exclusive lock on an empty file beside the database. The kernel holds it for the process,
 * so that it ends with the process, however that ends. The name is the real one: a link to the database meets the same lock.
 */
export function acquireServerLock(path: string): ServerLock {
  const lock = new SqliteConnection({ path: `${realPathOf(path)}.lock`, access: 'write', busyTimeoutMs: 0 });
  try {
    lock.statement('BEGIN EXCLUSIVE').run();
  } catch (error) {
    lock.close();
    throw refusalOf(error, path);
  }
  return { release: () => lock.close() };
}

function refusalOf(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  const reason =
    code === BUSY
      ? `the database ${path} is being served by another process: stop that one, or name another database`
      : `cannot lock the file ${path}.lock: it is not the lock of a database`;
  return new StoreUnusable(reason, { cause: error });
}

function realPathOf(path: string): string {
  const database = new SqliteConnection({ path, access: 'write' });
  try {
    return database.realPath();
  } finally {
    database.close();
  }
}
