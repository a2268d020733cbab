import type { Declared } from '../hub/store/declared.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import { openSqliteStore } from '../hub/store/sqlite/open.ts';
import type { SqliteStore } from '../hub/store/sqlite/open.ts';
import type { Measurements } from '../domain/measurements.ts';
import type { Note } from '../domain/report.ts';
import type { CallTimeouts } from '../link/calls.ts';
import type { Channel } from '../link/channel.ts';
import { serveEdge } from '../link/hub-end.ts';
import { DependencyDown } from '../ports.ts';
import { createStoreMeasures } from './store-measures.ts';
import { timedKeeper, timedWrites } from './timed-store.ts';

export interface StoreHostOptions {
  readonly path: string;
  /** In the order of the policy. */
  readonly apiNames: readonly string[];
  readonly declared: Declared;
  /** To the edge: follow, charge and keep, in order. */
  readonly edge: Channel;
  readonly checkpoints: 'automatic' | 'by_caller';
  /** Told when the store begins to fail the edge, and when it works again. */
  readonly onNote: (note: Note) => void;
  /** Told every MEASURES_INTERVAL_MS what was measured since. */
  readonly onMeasured: (measured: Measurements) => void;
}

/** How often the store tells what it measured, in milliseconds. */
const MEASURES_INTERVAL_MS = 1_000;

/** The one writer of the store, for operators and for the edge. A write is answered when the edge knows of it, so that the very next check obeys. */
export interface StoreHost extends StoreWrites {
  /** True once the edge has confirmed every change up to `seq`, false after `timeoutMs`. */
  confirmed(seq: number, timeoutMs: number): Promise<boolean>;
  /** Lets the write-ahead log begin anew; charges wait meanwhile, at most the busy time-out of the store. */
  restartLog(): Promise<void>;
  closeStore(): Promise<void>;
}

/** How long a caller in another thread waits for each method, in milliseconds: many times what a slow disk needs. */
const WRITE_MS = 30_000;

export const STORE_TIMEOUTS_MS: CallTimeouts<StoreHost> = {
  insertAccount: WRITE_MS,
  updateAccount: WRITE_MS,
  grantCredits: WRITE_MS,
  insertKeys: WRITE_MS,
  updateKey: WRITE_MS,
  rotateKey: WRITE_MS,
  revokeKey: WRITE_MS,
  insertSession: WRITE_MS,
  rotateSession: WRITE_MS,
  endSessions: WRITE_MS,
  insertSigningKey: WRITE_MS,
  resealSigningKey: WRITE_MS,
  insertOperator: WRITE_MS,
  revokeOperator: WRITE_MS,
  recordOperatorUse: WRITE_MS,
  redigestOperator: WRITE_MS,
  recordAttempt: WRITE_MS,
  recordLastUses: WRITE_MS,
  redigestKeys: WRITE_MS,
  resealKeys: WRITE_MS,
  confirmed: WRITE_MS,
  restartLog: WRITE_MS,
  closeStore: WRITE_MS,
};

/** How long a write waits until the edge has taken it over, in milliseconds. It is committed whether or not the edge has. */
const TAKEN_OVER_MS = 1_000;

export function createStoreHost(options: StoreHostOptions): StoreHost {
  const { path, apiNames, declared, checkpoints, onNote } = options;
  const store = openSqliteStore({ path, apiNames, declared, checkpoints, onNote });
  const measures = createStoreMeasures();
  const measuring = setInterval(() => options.onMeasured(measures.drain()), MEASURES_INTERVAL_MS);
  measuring.unref();
  const edge = serveEdge({
    channel: options.edge,
    keeper: timedKeeper(store.keeper, measures.time),
    onNote,
  });
  const known = async <T>(write: Promise<T>): Promise<T> => {
    const result = await write;
    await measures.timeLag(edge.confirmed(readLatestSeq(store), TAKEN_OVER_MS));
    return result;
  };
  const writes = timedWrites(store.writes, measures.time);
  return {
    ...writes,
    insertAccount: (account, by) => known(writes.insertAccount(account, by)),
    updateAccount: (account, update, by) => known(writes.updateAccount(account, update, by)),
    insertKeys: (keys, by) => known(writes.insertKeys(keys, by)),
    updateKey: (key, update, by) => known(writes.updateKey(key, update, by)),
    rotateKey: (rotation, by) => known(writes.rotateKey(rotation, by)),
    revokeKey: (key, atMs, by) => known(writes.revokeKey(key, atMs, by)),
    insertSession: (session) => known(writes.insertSession(session)),
    rotateSession: (rotation, by) => known(writes.rotateSession(rotation, by)),
    endSessions: (ending, by) => known(writes.endSessions(ending, by)),
    insertSigningKey: (key, by) => known(writes.insertSigningKey(key, by)),
    confirmed: (seq, timeoutMs) => edge.confirmed(seq, timeoutMs),
    async restartLog() {
      measures.time('restart_log', () => store.checkpoint('restart'));
    },
    async closeStore() {
      clearInterval(measuring);
      options.onMeasured(measures.drain());
      edge.stop();
      options.edge.close();
      store.close();
    },
  };
}

/** A store that fails now has committed all the same: the edge is then waited for as long as for any change. */
function readLatestSeq(store: Pick<SqliteStore, 'latestSeq'>): number {
  try {
    return store.latestSeq();
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
    return Number.MAX_SAFE_INTEGER;
  }
}
