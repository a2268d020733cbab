import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';

/** Above this many bytes of write-ahead log one `restart` should make the log begin anew. */
export const WAL_RESTART_BYTES = 64 * 1024 * 1024;
/** What the log adds to each page (sqlite.org/fileformat2.html#walformat). */
const FRAME_HEADER_BYTES = 24;

/** `passive` moves what it can and waits for nobody; `restart` waits for readers, holds writers up, and lets the log begin anew. */
export type CheckpointKind = 'passive' | 'restart';

export interface Checkpoint {
  /** What stands in the log, moved or not. */
  readonly walBytes: number;
  /** Whether every page of it has been moved into the database. */
  readonly complete: boolean;
}

const STATEMENTS: Readonly<Record<CheckpointKind, string>> = {
  passive: 'PRAGMA wal_checkpoint(PASSIVE)',
  restart: 'PRAGMA wal_checkpoint(RESTART)',
};

/** Throws `DependencyDown('directory')` where the disk fails. A checkpoint that found others at work is not a failure, but not complete. */
export function checkpoint(connection: SqliteConnection, kind: CheckpointKind): Checkpoint {
  return reportOutage('directory', () => {
    const state = connection.statement(STATEMENTS[kind]).get();
    const pages = Math.max(0, Number(state?.log ?? 0));
    const pageBytes = Number(connection.statement('PRAGMA page_size').get()?.page_size ?? 0);
    const complete = state?.busy === 0 && state.log === state.checkpointed;
    return { walBytes: pages * (pageBytes + FRAME_HEADER_BYTES), complete };
  });
}
