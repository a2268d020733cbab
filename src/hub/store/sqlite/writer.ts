import type { Durability, SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';

/** Followers of the feed in one process: one for each edge that it serves. */
const LISTENERS_MAX = 64;

/** What every write of accounts and keys needs: the connection, and transactions that tell who follows the feed. */
export interface Writer {
  readonly connection: SqliteConnection;
  /** One transaction that survives a power cut; then the listeners are called. */
  readonly write: <T>(work: () => T) => Promise<T>;
  /** One transaction that survives a power cut; tells nobody, because no edge knows of what it writes. */
  readonly writeUnfed: <T>(work: () => T) => Promise<T>;
  /** One transaction of which a power cut may forget the latest; then the listeners are called. */
  readonly writeLightly: <T>(work: () => T) => Promise<T>;
  /** The same, and tells nobody, not even `revision`: of what changes nothing by which charges are judged. */
  readonly writeQuietly: <T>(work: () => T) => Promise<T>;
  readonly onChange: (wake: () => void) => void;
  /** Grows with every write that may have changed a key, an account or what it owns. */
  readonly revision: () => number;
}

export function createWriter(connection: SqliteConnection): Writer {
  const listeners: (() => void)[] = [];
  let revision = 0;
  const writeFed = async <T>(durability: Durability, work: () => T): Promise<T> => {
    revision += 1;
    const result = reportOutage('directory', () => connection.transaction(durability, work));
    for (const wake of listeners) wake();
    return result;
  };
  return {
    connection,
    write: (work) => writeFed('power', work),
    writeLightly: (work) => writeFed('process', work),
    async writeUnfed(work) {
      revision += 1;
      return reportOutage('directory', () => connection.transaction('power', work));
    },
    async writeQuietly(work) {
      return reportOutage('directory', () => connection.transaction('process', work));
    },
    onChange(wake) {
      if (listeners.length === LISTENERS_MAX) throw new RangeError('too many followers of the store');
      listeners.push(wake);
    },
    revision: () => revision,
  };
}
