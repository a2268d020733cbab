/**
 * The seam between what Tollgate answers and what carries it. A transport knows paths and bytes, never messages;
 * another HTTP/2 server takes the place of grpc-js by implementing `GrpcTransport`.
 */

/** What a transport knows of a call. */
export interface CallInfo {
  /** Wall time, in milliseconds since the Unix epoch, at which the gateway gives up; Infinity where it names none. */
  readonly deadlineMs: number;
}

/**
 * A unary method. Throws or rejects with `GrpcError` alone.
 * `message` is only valid until the method returns: a transport may use its bytes again.
 */
export type Method = (message: Uint8Array, call: CallInfo) => Uint8Array | Promise<Uint8Array>;

/** By `:path`. A path that is not there is UNIMPLEMENTED. */
export type Methods = ReadonlyMap<string, Method>;

export interface GrpcTransport {
  /** Binds; resolves to the address with the port that was bound. Rejects with one clear sentence. */
  start(): Promise<{ readonly address: string }>;
  /** Takes no new calls, lets open ones end, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}
