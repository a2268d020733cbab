import { WRITE_BATCH_MAX } from '../hub/store/store.ts';
import type { Declared, StoreWrites } from '../hub/store/store.ts';
import { openSqliteStore } from '../hub/store/sqlite/open.ts';
import type { Channel } from '../link/channel.ts';
import { serveEdge } from '../link/hub-end.ts';

export interface StoreHostOptions {
  readonly path: string;
  /** In the order of the policy. */
  readonly apiNames: readonly string[];
  readonly declared: Declared;
  /** To the edge: follow and charge, in order. */
  readonly edge: Channel;
  readonly checkpoints: 'automatic' | 'by_caller';
  readonly onChargeFault: (error: unknown) => void;
}

/** The one writer of the store, for operators and for the edge. A write is answered when the edge knows of it, so that the very next check obeys. */
export interface StoreHost extends StoreWrites {
  /** True once the edge has confirmed every change up to `seq`, false after `timeoutMs`. */
  confirmed(seq: number, timeoutMs: number): Promise<boolean>;
  /** Lets the write-ahead log begin anew; charges wait meanwhile. */
  restartLog(): Promise<void>;
  closeStore(): Promise<void>;
}

/** The methods by name, for a caller in another thread. */
export const STORE_HOST_METHODS = [
  'insertAccount',
  'updateAccount',
  'grantCredits',
  'insertKeys',
  'updateKey',
  'rotateKey',
  'revokeKey',
  'recordLastUses',
  'confirmed',
  'restartLog',
  'closeStore',
] as const satisfies readonly (keyof StoreHost)[];

/** How long a write waits until the edge has taken it over, in milliseconds. It is committed whether or not the edge has. */
const TAKEN_OVER_MS = 1_000;

export function createStoreHost(options: StoreHostOptions): StoreHost {
  const { path, apiNames, declared, checkpoints } = options;
  const store = openSqliteStore({ path, apiNames, declared, checkpoints });
  const edge = serveEdge({
    channel: options.edge,
    keeper: store.keeper,
    onChargeFault: options.onChargeFault,
  });
  const known = async <T>(write: Promise<T>): Promise<T> => {
    const result = await write;
    await edge.caughtUp(TAKEN_OVER_MS);
    return result;
  };
  const { writes } = store;
  return {
    insertAccount: (account) => known(writes.insertAccount(account)),
    updateAccount: (account, update) => known(writes.updateAccount(account, update)),
    grantCredits: (account, grant) => writes.grantCredits(account, grant),
    insertKeys: (keys) => known(writes.insertKeys(keys)),
    updateKey: (key, update) => known(writes.updateKey(key, update)),
    rotateKey: (rotation) => known(writes.rotateKey(rotation)),
    revokeKey: (key, atMs) => known(writes.revokeKey(key, atMs)),
    recordLastUses: (pairs) => writes.recordLastUses(pairs),
    confirmed: (seq, timeoutMs) => edge.confirmed(seq, timeoutMs),
    async restartLog() {
      store.checkpoint('restart');
    },
    async closeStore() {
      edge.stop();
      options.edge.close();
      store.close();
    },
  };
}

/** Pairs of row and time that fit one transaction. */
export function* inWriteBatches(pairs: Float64Array): Generator<Float64Array> {
  for (let at = 0; at < pairs.length; at += 2 * WRITE_BATCH_MAX)
    yield pairs.slice(at, at + 2 * WRITE_BATCH_MAX);
}
