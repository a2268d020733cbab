/** Every bound of the check listener. */
export interface GrpcLimits {
  /** Concurrent calls on one connection (MAX_CONCURRENT_STREAMS); Envoy opens another connection beyond it. */
  readonly streamsMax: number;
  /** Checks that wait for an answer, over all connections; above it a check is UNAVAILABLE, which a gateway may retry. */
  readonly runningMax: number;
  /** A check is about 1 KB; with `with_request_body` it holds a body too, which is skipped. */
  readonly messageBytesMax: number;
  /** Memory of one HTTP/2 session, in megabytes as node:http2 counts them; above it new streams are refused. */
  readonly sessionMegabytesMax: number;
  /** A connection without calls is closed after this. */
  readonly idleMs: number;
  /** A connection is replaced after this (±10 %), so that gateways spread anew over replicas. */
  readonly ageMs: number;
  /** What calls get to end in when their connection's age has run out. */
  readonly ageGraceMs: number;
  /** A connection silent for so long is pinged, and closed when the answer does not come within `pingTimeoutMs`. */
  readonly pingMs: number;
  readonly pingTimeoutMs: number;
}

export const GRPC_LIMITS: GrpcLimits = {
  streamsMax: 1000,
  runningMax: 4000,
  messageBytesMax: 1024 * 1024,
  sessionMegabytesMax: 64,
  idleMs: 10 * 60_000,
  ageMs: 30 * 60_000,
  ageGraceMs: 10_000,
  pingMs: 60_000,
  pingTimeoutMs: 20_000,
};
