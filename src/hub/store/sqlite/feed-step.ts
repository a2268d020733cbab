import type { FeedCursor } from '../../../domain/feed.ts';
import type { DeclaredKey } from '../declared.ts';
import { reportOutage } from './connection.ts';
import type { SqliteConnection } from './connection.ts';

export interface FeedOptions {
  /** In the order of the policy: a record's API is an index into it. What is not among them is not sent. */
  readonly apiNames: readonly string[];
  readonly declaredKeys: readonly DeclaredKey[];
}

/** What every phase of the feed reads from. */
export interface Feed extends FeedOptions {
  readonly connection: SqliteConnection;
  readonly apiIndex: ReadonlyMap<string, number>;
}

/** What one phase added to a batch, and where the next read goes on. */
export interface Step {
  readonly cursor: FeedCursor;
  readonly done: boolean;
}

export function stepTo(cursor: FeedCursor, row: number | undefined, done: boolean): Step {
  return { cursor: { ...cursor, row: row ?? cursor.row }, done };
}

const LATEST = 'SELECT coalesce(max(seq), 0) AS seq FROM changes';

/** The number of the latest change; 0 before the first. Throws `DependencyDown('directory')`. */
export function readLatestSeq(connection: SqliteConnection): number {
  return reportOutage('directory', () => Number(connection.statement(LATEST).get()?.seq ?? 0));
}
