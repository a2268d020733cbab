import {
  ConnectionError,
  ERROR,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  INT31_MAX,
  WINDOW_BYTES_INITIAL,
} from './frames.ts';
import { ANSWER_END, ANSWER_HEAD } from './grpc.ts';
import type { Share } from './memory.ts';
import { PREFIX_BYTES } from './output.ts';
import type { Output } from './output.ts';
import type { Stream } from './stream.ts';

export interface SenderOptions {
  readonly output: Output;
  /** Counts what waits. */
  readonly unread: Share;
  /** Told when an answer has left whole, at once or later. */
  readonly onSent: (stream: Stream) => void;
  /** Told of an answer that would have to wait where there is no room for it. */
  readonly onNoRoom: (stream: Stream) => void;
}

/** Sends answers as the peer's windows and its largest frame allow (RFC 9113 §6.9). */
export class Sender {
  private readonly output: Output;
  private readonly unread: Share;
  private readonly onSent: (stream: Stream) => void;
  private readonly onNoRoom: (stream: Stream) => void;
  private windowBytes = WINDOW_BYTES_INITIAL;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindowBytes = WINDOW_BYTES_INITIAL;
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  frameBytesMax = FRAME_BYTES_MAX;
  /** Streams with a window of their own whom the connection's stops: only they are walked when it opens. */
  private readonly stopped = new Set<Stream>();

  constructor({ output, unread, onSent, onNoRoom }: SenderOptions) {
    this.output = output;
    this.unread = unread;
    this.onSent = onSent;
    this.onNoRoom = onNoRoom;
  }

  /** Copies the message, now or into what waits. */
  sendAnswer(stream: Stream, message: Uint8Array): void {
    const { output } = this;
    const bytes = PREFIX_BYTES + message.length;
    if (bytes <= this.windowBytes && bytes <= stream.windowOut && bytes <= this.frameBytesMax) {
      this.windowBytes -= bytes;
      output.putHeaders(ANSWER_HEAD, stream.id);
      output.putMessage(stream.id, message);
      output.putHeaders(ANSWER_END, stream.id);
      this.onSent(stream);
      return;
    }
    if (this.unread.isCrowdedOut) return this.onNoRoom(stream);
    output.putHeaders(ANSWER_HEAD, stream.id);
    const unsent = Buffer.alloc(bytes);
    unsent.writeUInt32BE(message.length, 1);
    unsent.set(message, PREFIX_BYTES);
    this.sendLater(stream, unsent);
  }

  /** An answer that is no message: its last byte ends the stream. */
  sendText(stream: Stream, headers: Buffer, text: string): void {
    this.output.putHeaders(headers, stream.id);
    stream.hasTrailers = false;
    this.sendLater(stream, Buffer.from(text, 'latin1'));
  }

  /** Throws away what waits. */
  abandon(stream: Stream): void {
    if (stream.unsent === undefined) return;
    this.unread.add(-stream.unsent.length);
    stream.unsent = undefined;
    this.stopped.delete(stream);
  }

  /** False where the window would be too large, which is an error of the stream's alone. */
  addStreamCredit(stream: Stream, bytes: number): boolean {
    stream.windowOut += bytes;
    if (stream.windowOut > INT31_MAX) return false;
    this.resume(stream);
    return true;
  }

  addConnectionCredit(bytes: number): void {
    this.windowBytes += bytes;
    if (this.windowBytes > INT31_MAX) throw new ConnectionError(ERROR.flowControl, 'a window is too large');
    for (const stream of this.stopped) {
      if (this.windowBytes === 0) return;
      this.resume(stream);
    }
  }

  /** Changes the windows of open streams by as much (RFC 9113 §6.9.2); they may fall below zero. */
  setInitialWindow(bytes: number, open: Iterable<Stream>): void {
    const change = bytes - this.initialWindowBytes;
    this.initialWindowBytes = bytes;
    if (change === 0) return;
    for (const stream of open) {
      stream.windowOut += change;
      if (stream.windowOut > INT31_MAX) throw new ConnectionError(ERROR.flowControl, 'a window is too large');
      this.resume(stream);
    }
  }

  private sendLater(stream: Stream, bytes: Buffer): void {
    this.unread.add(bytes.length);
    stream.unsent = bytes;
    this.resume(stream);
  }

  /** Sends of the answer what may go. */
  private resume(stream: Stream): void {
    const { unsent } = stream;
    if (unsent === undefined) return;
    let at = 0;
    while (at < unsent.length) {
      const bytes = Math.min(unsent.length - at, stream.windowOut, this.windowBytes, this.frameBytesMax);
      if (bytes <= 0) return this.wait(stream, unsent.subarray(at));
      const isLast = at + bytes === unsent.length && !stream.hasTrailers;
      this.output.putFrameHeader(FRAME.data, isLast ? FLAG.endStream : 0, stream.id, bytes);
      this.output.put(unsent.subarray(at, at + bytes));
      this.windowBytes -= bytes;
      stream.windowOut -= bytes;
      this.unread.add(-bytes);
      at += bytes;
    }
    stream.unsent = undefined;
    this.stopped.delete(stream);
    if (stream.hasTrailers) this.output.putHeaders(ANSWER_END, stream.id);
    this.onSent(stream);
  }

  private wait(stream: Stream, unsent: Uint8Array): void {
    stream.unsent = unsent;
    if (stream.windowOut > 0) this.stopped.add(stream);
    else this.stopped.delete(stream);
  }
}
