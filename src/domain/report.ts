import type { RefusalCode } from './decision.ts';
import type { SealedKeyRecord } from './feed-records.ts';
import type { Measurements } from './measurements.ts';
import type { GatewayName } from './request.ts';

/** What an edge tells the hub now and then: nothing in it is needed to decide. */
export interface Report {
  readonly checks: readonly CheckCount[];
  /** Pairs of key row and wall time in milliseconds, each row once, the latest use. Told now and then: empty in most reports. */
  readonly lastUsed: Float64Array;
  /** Keys that were found under a retired pepper, each once; absent where there was none. */
  readonly redigested?: RedigestedKeys;
  /** Keys that were opened under a retired sealing key, each once; absent where there was none. */
  readonly resealed?: readonly ResealedKey[];
  readonly notes: readonly Note[];
  /** All but the checks. */
  readonly measured: Measurements;
}

/** Keys and their digests under the current pepper, eight words for each row. */
export interface RedigestedKeys {
  readonly rows: Float64Array;
  readonly digests: Int32Array;
}

/** A stored key, sealed under the current sealing key. */
export interface ResealedKey {
  readonly row: number;
  readonly sealed: SealedKeyRecord;
}

/** Checks decided since the last report, by closed labels. */
export interface CheckCount {
  readonly api: string;
  readonly gateway: GatewayName;
  readonly code: 'ok' | RefusalCode;
  readonly count: number;
}

/** A log line of the edge. ERROR: someone must act now. WARN: it healed, or a configuration disagrees. INFO: a life-cycle event. */
export interface Note {
  readonly level: 'error' | 'warn' | 'info';
  readonly message: string;
  /** Never a secret, never text of a request. */
  readonly fields: Readonly<Record<string, string | number>>;
}
