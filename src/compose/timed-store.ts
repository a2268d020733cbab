import type { StoreOperation } from '../domain/measurements.ts';
import type { StoreReads, StoreWrites } from '../hub/store/store.ts';
import type { Keeper } from '../ports.ts';
import type { StoreTimings } from '../telemetry/store-timings.ts';

type Time = StoreTimings['time'];
type Operations<T> = Readonly<Record<keyof T & string, StoreOperation>>;

/** Under which operation each method is timed. */
const WRITES: Operations<StoreWrites> = {
  insertAccount: 'write_account',
  updateAccount: 'write_account',
  grantCredits: 'grant_credits',
  insertKeys: 'write_key',
  updateKey: 'write_key',
  rotateKey: 'write_key',
  revokeKey: 'write_key',
  insertSession: 'write_session',
  rotateSession: 'write_session',
  endSessions: 'write_session',
  insertSigningKey: 'write_session',
  resealSigningKey: 'write_session',
  insertOperator: 'write_operator',
  revokeOperator: 'write_operator',
  recordOperatorUse: 'write_operator',
  redigestOperator: 'write_operator',
  recordAttempt: 'write_operator',
  recordLastUses: 'record_last_uses',
  redigestKeys: 'write_key',
  resealKeys: 'write_key',
};
const READS: Operations<StoreReads> = {
  findAccount: 'read',
  findKey: 'read',
  listKeys: 'read',
  tiersInUse: 'read',
  sealingKeysInUse: 'read',
  countPerPepper: 'read',
  findOperator: 'read',
  listOperators: 'read',
  findSession: 'read',
  listSessions: 'read',
  listSigningKeys: 'read',
  listAudit: 'read',
};

export function timedWrites(writes: StoreWrites, time: Time): StoreWrites {
  return timed(writes, WRITES, time);
}

export function timedReads(reads: StoreReads, time: Time): StoreReads {
  return timed(reads, READS, time);
}

/** What is asked for every check and every turn of the feed. */
export function timedKeeper(keeper: Keeper, time: Time): Keeper {
  return {
    ...keeper,
    charge: (charges) => time('charge', () => keeper.charge(charges)),
    read: (after) => time('read_feed', () => keeper.read(after)),
    keepWindows: (windows) => time('keep_windows', () => keeper.keepWindows(windows)),
  };
}

function timed<T extends object>(methods: T, operations: Operations<T>, time: Time): T {
  const byName = methods as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  const entries = Object.entries<StoreOperation>(operations).map(([name, operation]) => [
    name,
    (...args: unknown[]) => time(operation, () => byName[name]?.(...args)),
  ]);
  return Object.fromEntries(entries) as T;
}
