import type { Duplex } from 'node:stream';
import { Calls } from './calls.ts';
import { Dispatch } from './dispatch.ts';
import { FrameReader } from './frame-reader.ts';
import { ConnectionError, ERROR, FRAME, INT31_MAX, SETTING, WINDOW_BYTES_INITIAL } from './frames.ts';
import type { ErrorCode } from './frames.ts';
import type { Piece } from './intake.ts';
import { Lifecycle } from './lifecycle.ts';
import { Line } from './line.ts';
import { Share } from './memory.ts';
import { Purse } from './purse.ts';
import type { Purses } from './purse.ts';
import type { Shared } from './shared.ts';

/** One HTTP/2 connection, from its first byte to its last. */
export class Connection {
  private readonly socket: Duplex;
  private readonly shared: Shared;
  private readonly line: Line;
  private readonly calls: Calls;
  private readonly dispatch: Dispatch;
  private readonly reader: FrameReader;
  private readonly lifecycle: Lifecycle;

  /** Takes the socket over, together with what was read of it already. `onClose` is told when it is closed. */
  constructor(socket: Duplex, shared: Shared, onClose: () => void) {
    const { limits, counts, memory, nowMs } = shared;
    this.socket = socket;
    this.shared = shared;
    const unsent = new Share(memory, Infinity);
    this.line = new Line({ socket, limits, counts, unsent });
    const { output } = this.line;
    const purses: Purses = {
      control: new Purse(limits.control, nowMs),
      resets: new Purse(limits.resets, nowMs),
    };
    const later = (work: () => void): void => this.later(work);
    const onIdle = (): void => this.lifecycle.onIdle();
    this.calls = new Calls({ shared, line: this.line, purses, later, onIdle });
    const onPong = (text: Piece): void => this.lifecycle.onPong(text);
    this.dispatch = new Dispatch({ calls: this.calls, output, purses, limits, onPong });
    this.reader = new FrameReader((frame) => this.dispatch.take(frame));
    this.lifecycle = new Lifecycle({
      socket,
      shared,
      line: this.line,
      calls: this.calls,
      reader: this.reader,
      dispatch: this.dispatch,
      later,
      goaway: (lastId, code, reason) => this.goaway(lastId, code, reason),
    });
    this.open(onClose);
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.guard(() => this.lifecycle.tick(nowMs));
    this.line.flush();
  }

  /** Lets open calls end, for at most `graceMs`, takes no new ones, and closes. */
  drain(graceMs: number): void {
    this.guard(() => this.lifecycle.drain(graceMs));
    this.line.flush();
  }

  private open(onClose: () => void): void {
    const { socket, shared } = this;
    shared.counts.openConnections += 1;
    shared.counts.connections += 1;
    socket.once('close', () => {
      this.calls.abandonAll();
      this.lifecycle.close();
      shared.counts.openConnections -= 1;
      onClose();
    });
    // The close that follows an error says all there is to say.
    socket.on('error', () => {});
    this.greet();
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    // Somebody waited for the first byte: what came with it is handed over from here on.
    socket.resume();
  }

  private greet(): void {
    const { limits } = this.shared;
    const { output } = this.line;
    const settings: readonly (readonly [number, number])[] = [
      [SETTING.maxConcurrentStreams, limits.streamsMax],
      [SETTING.initialWindowSize, limits.streamWindowBytes],
      [SETTING.maxHeaderListSize, limits.headerListBytesMax],
    ];
    output.putFrameHeader(FRAME.settings, 0, 0, settings.length * 6);
    for (const [id, value] of settings) {
      output.put(Buffer.from([0, id]));
      output.putUint32(value);
    }
    output.putFrameHeader(FRAME.windowUpdate, 0, 0, 4);
    output.putUint32(limits.connectionWindowBytes - WINDOW_BYTES_INITIAL);
    this.line.flush();
  }

  private read(chunk: Buffer): void {
    if (this.line.isOver) return this.line.discard(chunk.length);
    this.shared.counts.receivedBytes += chunk.length;
    this.shared.clock.update();
    this.lifecycle.onRead();
    try {
      this.reader.read(chunk);
    } catch (error) {
      this.fail(error);
    }
    this.line.flush();
  }

  /** Work that no frame caused. */
  private later(work: () => void): void {
    if (this.socket.destroyed) return;
    this.guard(work);
    this.line.flushSoon();
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whatever went wrong, it was this connection's: a bug ends it like an offence of the peer's. */
  private fail(error: unknown): void {
    if (this.line.isOver) return;
    if (error instanceof ConnectionError) {
      this.shared.counts.refused(error.code === ERROR.enhanceYourCalm ? 'flood' : 'protocol');
      this.goaway(this.calls.ids.last, error.code, error.message);
    } else {
      this.shared.onBug(error);
      this.goaway(this.calls.ids.last, ERROR.internal, '');
    }
    this.calls.abandonAll();
    this.line.end(this.shared.limits.lingerMs);
  }

  private goaway(lastId: number, code: ErrorCode, reason: string): void {
    const text = Buffer.from(reason, 'latin1');
    const { output } = this.line;
    output.putFrameHeader(FRAME.goaway, 0, 0, 8 + text.length);
    output.putUint32(Math.min(lastId, INT31_MAX));
    output.putUint32(code);
    output.put(text);
  }
}
