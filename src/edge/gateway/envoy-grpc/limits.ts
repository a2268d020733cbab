/** What carries checks: our own HTTP/2, or the reference beside it. */
export const TRANSPORTS = ['wire', 'grpc-js'] as const;

export type TransportName = (typeof TRANSPORTS)[number];

/** The bounds of the check listener that a configuration sets. */
export interface GrpcLimits {
  /** Open connections; one more is closed at once. Envoy opens one for each of its workers. */
  readonly connectionsMax: number;
  /** Concurrent calls on one connection (MAX_CONCURRENT_STREAMS); Envoy opens another connection beyond it. */
  readonly streamsMax: number;
  /** Checks that wait for an answer, over all connections; one more is refused as an outage at once. */
  readonly checksMax: number;
  /** A check is about 1 KB; with `with_request_body` it holds a body too, which is skipped. */
  readonly messageBytesMax: number;
  /** A connection without calls is closed after this. */
  readonly idleMs: number;
  /** A connection is replaced after this (±10 %), so that gateways spread anew over replicas. */
  readonly ageMs: number;
}

/*
 * What nobody needs to change. A call's header block is bounded by node:http2 itself, which grpc-js leaves alone: 64 KB and 128 fields,
 * where Envoy sends 200 bytes and 10.
 */

/** Memory of one HTTP/2 session, in megabytes as node:http2 counts them; above it new streams are refused. */
export const SESSION_MEGABYTES_MAX = 64;
/** What a peer gets to finish its TLS handshake in, and then to say its first word: Envoy speaks at once. */
export const GREETING_MS = 5_000;
/** What calls get to end in when their connection's age has run out. */
export const AGE_GRACE_MS = 10_000;
/** A connection silent for so long is pinged, and closed when the answer does not come within PING_TIMEOUT_MS. */
export const PING_MS = 60_000;
export const PING_TIMEOUT_MS = 20_000;
/** A check that has no answer by then never gets one, whatever became of it: its place is free again. Longer than any budget. */
export const ANSWER_MS_MAX = 15_000;
