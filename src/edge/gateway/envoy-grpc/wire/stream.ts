import type { Deadline } from './deadlines.ts';
import type { RequestHead } from './request-head.ts';

export interface StreamStart {
  readonly id: number;
  readonly head: RequestHead;
  /** What the peer may send before it gets credit, in bytes. */
  readonly windowIn: number;
  /** What we may send before we get credit. */
  readonly windowOut: number;
  /** Monotonic, to about a second. */
  readonly nowMs: number;
}

/** The record of one call: what came of its request, and what is left of its answer. */
export class Stream {
  readonly id: number;
  readonly head: RequestHead;
  readonly openedMs: number;
  /** The peer has sent all it will (half-closed, remote). */
  isEnded = false;
  /** An answer has begun; whatever still comes is thrown away. */
  isAnswered = false;
  /** Reset by either side, or answered: nothing is sent any more. */
  isOver = false;
  /** Content of DATA, without padding. */
  receivedBytes = 0;
  windowIn: number;
  uncreditedBytes = 0;
  windowOut: number;
  /** The message as far as it has come in pieces. */
  prefixBytes = 0;
  prefixFlag = 0;
  messageBytes = 0;
  heldBytes = 0;
  held: Buffer | undefined;
  /** What of the answer waits for the peer's windows. */
  unsent: Uint8Array | undefined;
  /** A message's status follows it; other answers end with their last byte. */
  hasTrailers = true;
  answeredMs = 0;
  /** Set only while a method is under way. */
  deadline: Deadline | undefined;

  constructor({ id, head, windowIn, windowOut, nowMs }: StreamStart) {
    this.id = id;
    this.head = head;
    this.windowIn = windowIn;
    this.windowOut = windowOut;
    this.openedMs = nowMs;
  }
}
