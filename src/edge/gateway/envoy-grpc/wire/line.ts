import type { Duplex } from 'node:stream';
import type { WireCounts } from './counts.ts';
import type { WireLimits } from './limits.ts';
import type { Share } from './memory.ts';
import { Output } from './output.ts';

export interface LineOptions {
  readonly socket: Duplex;
  readonly limits: Pick<WireLimits, 'unsentBytesMax' | 'lingerMs' | 'lingerBytesMax'>;
  readonly counts: WireCounts;
  /** Counts what waits in the socket. */
  readonly unsent: Share;
}

/** A connection's way out: one write for all that was gathered, no reading from a peer that does not read, and an end that arrives. */
export class Line {
  readonly output = new Output();
  private readonly options: LineOptions;
  private isFlushDue = false;
  private isPaused = false;
  private isEnding = false;
  private writtenBytes = 0;
  private lingeredBytes = 0;
  private lingering: NodeJS.Timeout | undefined;

  constructor(options: LineOptions) {
    this.options = options;
    const { socket } = options;
    socket.on('drain', () => this.goOn());
    socket.once('close', () => this.close());
  }

  /** No more is written; what still comes is thrown away. */
  get isOver(): boolean {
    return this.isEnding;
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return this.options.socket.writableLength;
  }

  /** Bytes that the system has taken so far. */
  get takenBytes(): number {
    return this.writtenBytes - this.unsentBytes;
  }

  flush(): void {
    this.isFlushDue = false;
    if (this.output.isEmpty || this.isEnding) return;
    this.output.flush(this.write);
  }

  /** Gathers what several promises of one turn give. */
  flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    setImmediate(() => this.flush());
  }

  /**
   * Ends our side once all is written, for which the peer has `patienceMs`. The other is then read for a while and thrown away: closing a
   * socket in which something waits makes the kernel send a reset, which may overtake what was said last.
   */
  end(patienceMs: number): void {
    if (this.isEnding) return;
    this.flush();
    this.isEnding = true;
    const { socket, limits } = this.options;
    this.destroyAfter(patienceMs);
    socket.end(() => this.destroyAfter(limits.lingerMs));
    socket.resume();
  }

  /** Closes the socket then, whatever still waits in it. Asked again, the latest holds. */
  destroyAfter(ms: number): void {
    clearTimeout(this.lingering);
    const { socket } = this.options;
    if (!socket.destroyed) this.lingering = setTimeout(() => socket.destroy(), ms);
  }

  /** Counts what is thrown away. */
  discard(bytes: number): void {
    this.lingeredBytes += bytes;
    if (this.lingeredBytes > this.options.limits.lingerBytesMax) this.options.socket.destroy();
  }

  /** Gives back what a busy time needed, and counts anew what waits. */
  rest(): void {
    this.output.rest();
    this.options.unsent.set(this.unsentBytes);
  }

  /** Whether the memory may be used again: TLS, and a socket that is full, read it later. */
  private readonly write = (bytes: Buffer): boolean => {
    const { socket, counts, unsent, limits } = this.options;
    if (!socket.writable) return true;
    counts.sentBytes += bytes.length;
    this.writtenBytes += bytes.length;
    socket.write(bytes);
    const waiting = socket.writableLength;
    if (waiting === 0) return true;
    unsent.set(waiting);
    if (
      !this.isPaused &&
      (waiting > limits.unsentBytesMax || unsent.isCrowdedOut) &&
      socket.writableNeedDrain
    ) {
      this.isPaused = true;
      socket.pause();
    }
    return false;
  };

  private goOn(): void {
    this.options.unsent.set(this.unsentBytes);
    if (!this.isPaused) return;
    this.isPaused = false;
    this.options.socket.resume();
  }

  private close(): void {
    this.isEnding = true;
    clearTimeout(this.lingering);
    this.options.unsent.set(0);
  }
}
