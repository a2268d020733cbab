import { migrateSqlite } from '../hub/store/sqlite/open.ts';
import { StoreUnusable } from '../hub/store/store.ts';
import { OperationRefused } from '../domain/operations.ts';
import { loadSettings } from './settings.ts';
import type { ConfigPlace } from './settings.ts';
import type { World } from './world.ts';

export interface MigrationReport {
  /** The database. */
  readonly store: string;
  /** The names of the steps taken; none where it was up to date. */
  readonly steps: readonly string[];
}

/** Brings the database to this program's form; makes it where there is none. */
export async function migrateStore(place: ConfigPlace, world: World): Promise<MigrationReport> {
  const { databasePath } = await loadSettings(place, world);
  return unusableAsRefusal(() => ({ store: `sqlite:${databasePath}`, steps: migrateSqlite(databasePath) }));
}

/** A database that cannot be used is for the operator to mend, like any refused operation. */
export function unusableAsRefusal<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreUnusable) throw new OperationRefused('unavailable', error.message);
    throw error;
  }
}
