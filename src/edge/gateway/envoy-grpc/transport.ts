import type { Measurements } from '../../../domain/measurements.ts';

/**
 * The seam between what Tollgate answers and what carries it. A transport knows paths and bytes, never messages;
 * `wire` is our own HTTP/2, `grpc-js` the reference beside it.
 */

/** What a transport knows of a call. */
export interface CallInfo {
  /** How long the gateway waits for the answer from now on, in milliseconds; Infinity where it does not say. */
  readonly timeoutMs: number;
}

/**
 * A unary method. Throws or rejects with `GrpcError` alone.
 * `message` is only valid until the method returns: a transport may use its bytes again.
 * So may a method: an answer that it gives at once is only valid until a method is called again. A promised one stays.
 */
export type Method = (message: Uint8Array, call: CallInfo) => Uint8Array | Promise<Uint8Array>;

/** By `:path`. A path that is not there is UNIMPLEMENTED. */
export type Methods = ReadonlyMap<string, Method>;

export interface GrpcTransport {
  /** Binds; resolves to the address with the port that was bound. Rejects with one clear sentence. */
  start(): Promise<{ readonly address: string }>;
  /** What it did since it was asked last; nothing where it does not know. */
  measure(): Measurements;
  /** Takes no new connections, says GOAWAY on the open ones, lets open calls end, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}
