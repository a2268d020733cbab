import { PING_MS, PING_TIMEOUT_MS } from '../limits.ts';
import type { GrpcLimits } from '../limits.ts';

/** Every bound of the wire transport. Each is one connection's, unless it says otherwise. */
export interface WireLimits {
  /** Open calls (MAX_CONCURRENT_STREAMS). */
  readonly streamsMax: number;
  /** Methods under way, those of calls that were reset among them: a burst of clients that hang up must not have new calls refused. */
  readonly runningMax: number;
  /** A call's header list, each field 32 bytes longer than its text (RFC 9113 §6.5.2). Envoy's is below 1 KB. */
  readonly headerListBytesMax: number;
  /** The same, compressed. */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one header block (CVE-2024-27316). */
  readonly continuationsMax: number;
  readonly messageBytesMax: number;
  /** Messages that have not arrived whole. */
  readonly heldBytesMax: number;
  /** What a peer may send before we give it credit again: of one call, and of all together. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Bytes that wait in the socket, above which nothing more is read. */
  readonly unsentBytesMax: number;
  /** Answers that wait for the peer's windows, above which new calls are refused. */
  readonly unreadBytesMax: number;
  /** Held, unread and unsent bytes of all connections: above it nothing of that kind grows. */
  readonly memoryBytesMax: number;
  /** Frames that move no call forward. */
  readonly control: PurseLimits;
  /** Calls that end without an answer (CVE-2023-44487). */
  readonly resets: PurseLimits;
  /** From a connection to its first SETTINGS. */
  readonly prefaceMs: number;
  /** From a call's headers to the end of its message; also for a frame or a header block that does not end. */
  readonly requestMs: number;
  /** From an answer to its last byte's leave of the peer's window. */
  readonly answerMs: number;
  /** How long a socket may take nothing although something waits. */
  readonly writeStallMs: number;
  readonly idleMs: number;
  /** ±10 %, so that connections opened together do not close together. */
  readonly ageMs: number;
  /** What open calls get to end in when their connection must go. */
  readonly drainMs: number;
  /** A closing connection is still read for so long, or so far, lest the kernel's reset eat our last words. */
  readonly lingerMs: number;
  readonly lingerBytesMax: number;
  /** A silent peer is pinged after this, and cut where it says nothing in `pingTimeoutMs` either. */
  readonly pingMs: number;
  readonly pingTimeoutMs: number;
}

/** A purse begins full; time fills it up to where it began, what is earned may exceed that by as much again. */
export interface PurseLimits {
  readonly size: number;
  readonly perSecond: number;
  /** For each call opened (control) or answered (resets). */
  readonly perCall: number;
}

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** How often connections are looked after, in milliseconds: no call costs a timer. */
export const TICK_MS = 1_000;
/** How often calls are looked for whose gateway waits no longer, in milliseconds; only while methods are under way. */
export const DEADLINE_SWEEP_MS = 20;
/** A method under way that is reset is remembered for each of so many open calls. */
const RUNNING_PER_STREAM = 4;

/** The bounds that nobody needs to change, joined with those of the configuration. */
export function toWireLimits({ streamsMax, messageBytesMax, idleMs, ageMs }: GrpcLimits): WireLimits {
  return {
    streamsMax,
    runningMax: RUNNING_PER_STREAM * streamsMax,
    headerListBytesMax: 16 * KIB,
    headerBlockBytesMax: 32 * KIB,
    continuationsMax: 8,
    messageBytesMax,
    heldBytesMax: 16 * MIB,
    streamWindowBytes: 256 * KIB,
    connectionWindowBytes: MIB,
    unsentBytesMax: 256 * KIB,
    unreadBytesMax: 4 * MIB,
    memoryBytesMax: 128 * MIB,
    control: { size: 1_000, perSecond: 1_000, perCall: 4 },
    resets: { size: 2_000, perSecond: 200, perCall: 1 },
    prefaceMs: 5_000,
    requestMs: 30_000,
    answerMs: 30_000,
    writeStallMs: 30_000,
    idleMs,
    ageMs,
    drainMs: 10_000,
    lingerMs: 1_000,
    lingerBytesMax: MIB,
    pingMs: PING_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
  };
}
