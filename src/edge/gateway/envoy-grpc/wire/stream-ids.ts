import { ConnectionError, ERROR } from './frames.ts';
import { RecentIds } from './recent-ids.ts';

/** How many calls that are over are told from ids that never were: later frames for them may be under way. */
const CLOSED_IDS = 128;
const RESET_IDS = 256;

/** What a connection's ids of streams tell: which may open, which were open once, and what is an error of the peer's (RFC 9113 §5.1). */
export class StreamIds {
  private readonly closed = new RecentIds(CLOSED_IDS);
  private readonly reset = new RecentIds(RESET_IDS);
  /** The highest that the peer has opened. */
  last = 0;
  /** The highest that is still taken: what comes above it after a GOAWAY is not ours. */
  lastTaken = Infinity;

  /** Whether headers on it open a call; where not, they are late. */
  isNew(id: number): boolean {
    return id > this.last && id <= this.lastTaken;
  }

  addClosed(id: number): void {
    this.closed.add(id);
  }

  addReset(id: number): void {
    this.reset.add(id);
  }

  /** Of headers for a stream that is not open: it may be opened, or was reset by us and the peer does not know yet. Throws `ConnectionError`. */
  requireOpenable(id: number): void {
    if (id % 2 === 0) throw new ConnectionError(ERROR.protocol, 'a stream that only a server opens');
    if (id > this.last || this.reset.has(id)) return;
    if (this.closed.has(id)) throw new ConnectionError(ERROR.streamClosed, 'headers after the end');
    throw new ConnectionError(ERROR.protocol, 'a stream older than one that is known');
  }

  /** Of DATA for a stream that is not open: the peer may not know of its end yet. Throws `ConnectionError`. */
  requireLate(id: number): void {
    this.requireKnown(id);
    if (id > this.lastTaken || this.reset.has(id)) return;
    throw new ConnectionError(ERROR.streamClosed, 'data after the end');
  }

  /** Of any other frame for a stream that is not open: it was open once, or would have been. Throws `ConnectionError`. */
  requireKnown(id: number): void {
    const isIdle = id % 2 === 0 || (id > this.last && id <= this.lastTaken);
    if (isIdle) throw new ConnectionError(ERROR.protocol, 'a stream that nobody opened');
  }
}
