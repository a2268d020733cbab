import { Answers } from './answers.ts';
import { ERROR, FRAME } from './frames.ts';
import type { ErrorCode } from './frames.ts';
import { HeaderReader } from './header-reader.ts';
import { Intake } from './intake.ts';
import type { Piece } from './intake.ts';
import type { Line } from './line.ts';
import { Share } from './memory.ts';
import { OpenStreams } from './open-streams.ts';
import type { Purses } from './purse.ts';
import { NO_LENGTH } from './request-head.ts';
import type { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import type { Shared } from './shared.ts';
import { Stream } from './stream.ts';
import { StreamIds } from './stream-ids.ts';

export interface CallsOptions {
  readonly shared: Shared;
  readonly line: Line;
  readonly purses: Purses;
  readonly later: (work: () => void) => void;
  /** Told whenever the last open call is over. */
  readonly onIdle: () => void;
}

/** The calls of one connection: how they open, take their message, and end. */
export class Calls {
  private readonly options: CallsOptions;
  private readonly headers: HeaderReader;
  private readonly intake: Intake;
  private readonly unread: Share;
  readonly ids = new StreamIds();
  readonly open = new OpenStreams();
  readonly sender: Sender;
  readonly answers: Answers;

  constructor(options: CallsOptions) {
    this.options = options;
    const { shared, line, later, purses } = options;
    const { limits, methods, memory, deadlines, onBug, onRead } = shared;
    this.headers = new HeaderReader(methods, limits.headerListBytesMax, (price) => purses.resets.pay(price));
    this.intake = new Intake(limits.messageBytesMax, new Share(memory, limits.heldBytesMax));
    this.unread = new Share(memory, limits.unreadBytesMax);
    this.sender = new Sender({
      output: line.output,
      unread: this.unread,
      onSent: (stream) => this.onSent(stream),
      onNoRoom: (stream) => this.reset(stream, ERROR.cancel),
    });
    this.answers = new Answers({
      output: line.output,
      sender: this.sender,
      deadlines,
      later,
      onAnswering: (stream) => this.onAnswering(stream),
      resetStream: (stream, code) => this.reset(stream, code),
      onDone: (stream) => this.close(stream),
      onBug,
      onRead,
    });
  }

  /** A whole header block: a new call, or the trailers of one. The block is read in any case, for the table must follow the peer's. */
  takeHeaders(streamId: number, endsStream: boolean, block: Piece): void {
    const stream = this.open.find(streamId);
    if (stream !== undefined) return this.takeTrailers(stream, endsStream, block);
    this.ids.requireOpenable(streamId);
    const head = this.headers.readHead(block);
    if (!this.ids.isNew(streamId)) return this.payLate();
    this.ids.last = streamId;
    if (head === undefined) return this.resetUnopened(streamId, ERROR.protocol);
    if (!this.hasRoom()) return this.resetUnopened(streamId, ERROR.refusedStream);
    this.begin(streamId, head, endsStream);
  }

  /** `frameBytes` count against the window, padding included. */
  takeData(streamId: number, endsStream: boolean, piece: Piece, frameBytes: number): void {
    const stream = this.open.find(streamId);
    const contentBytes = piece.end - piece.start;
    if (contentBytes === 0 && !endsStream) this.options.purses.control.pay(1);
    if (stream === undefined) {
      this.ids.requireLate(streamId);
      return this.payLate();
    }
    if (stream.isEnded) return this.reset(stream, ERROR.streamClosed);
    if (!this.takeCredit(stream, frameBytes, endsStream)) return;
    stream.receivedBytes += contentBytes;
    stream.isEnded = endsStream;
    const { contentLength, refusal } = stream.head;
    if (contentLength !== NO_LENGTH && stream.receivedBytes > contentLength) {
      return this.reset(stream, ERROR.protocol);
    }
    if (stream.isAnswered) return;
    if (refusal === undefined && contentBytes > 0) this.takeMessage(stream, piece);
    else if (endsStream) this.finishRequest(stream);
  }

  /** RST_STREAM of the peer's. */
  takeReset(streamId: number): void {
    const stream = this.open.find(streamId);
    if (stream === undefined) return this.takeLate(streamId);
    this.options.purses.resets.pay(1);
    this.close(stream);
  }

  takeCreditFor(streamId: number, bytes: number): void {
    const stream = this.open.find(streamId);
    if (stream === undefined) return this.takeLate(streamId);
    if (bytes === 0) this.reset(stream, ERROR.protocol);
    else if (!this.sender.addStreamCredit(stream, bytes)) this.reset(stream, ERROR.flowControl);
  }

  /** Says RST_STREAM and forgets the call; a method under way goes on, its answer is thrown away. Every reset of ours costs the peer. */
  reset(stream: Stream, code: ErrorCode): void {
    // In this order: the end of the last call may be the end of the connection.
    this.resetUnopened(stream.id, code);
    this.close(stream);
  }

  /** Ends every open call without an answer; the peer pays nothing for what was our wish. */
  cancelAll(): void {
    for (const stream of this.open) {
      this.putReset(stream.id, ERROR.cancel);
      this.close(stream);
    }
  }

  /** When the connection is no more: nothing is sent. */
  abandonAll(): void {
    for (const stream of this.open) this.close(stream);
  }

  private begin(id: number, head: RequestHead, endsStream: boolean): void {
    const { shared, purses } = this.options;
    const stream = new Stream({
      id,
      head,
      windowIn: shared.limits.streamWindowBytes,
      windowOut: this.sender.initialWindowBytes,
      nowMs: shared.clock.coarseMs,
    });
    this.open.add(stream);
    shared.counts.calls += 1;
    shared.counts.openCalls += 1;
    purses.control.earn();
    if (!endsStream) return;
    stream.isEnded = true;
    this.finishRequest(stream);
  }

  private takeTrailers(stream: Stream, endsStream: boolean, block: Piece): void {
    const isWellFormed = this.headers.readTrailers(block);
    if (stream.isEnded) return this.reset(stream, ERROR.streamClosed);
    if (!isWellFormed || !endsStream) return this.reset(stream, ERROR.protocol);
    stream.isEnded = true;
    if (!stream.isAnswered) this.finishRequest(stream);
  }

  private takeMessage(stream: Stream, piece: Piece): void {
    const whole = stream.isEnded ? this.intake.findWhole(stream, piece) : undefined;
    if (whole !== undefined) {
      if (this.hasLengthAsSaid(stream)) this.answers.run(stream, whole);
      return;
    }
    const fault = this.intake.hold(stream, piece);
    if (fault !== undefined) this.answers.refuse(stream, fault);
    else if (stream.isEnded) this.finishRequest(stream);
  }

  /** All has come that the peer sends. */
  private finishRequest(stream: Stream): void {
    if (!this.hasLengthAsSaid(stream)) return;
    const { refusal } = stream.head;
    if (refusal !== undefined) return this.answers.refuse(stream, refusal);
    const message = this.intake.finish(stream);
    if (message instanceof Uint8Array) this.answers.run(stream, message);
    else this.answers.refuse(stream, message);
  }

  private hasLengthAsSaid(stream: Stream): boolean {
    const { contentLength } = stream.head;
    if (contentLength === NO_LENGTH || contentLength === stream.receivedBytes) return true;
    this.reset(stream, ERROR.protocol);
    return false;
  }

  /** Gives credit back at half a window. False where the peer sent more than it might: the stream is no more. */
  private takeCredit(stream: Stream, bytes: number, endsStream: boolean): boolean {
    stream.windowIn -= bytes;
    if (stream.windowIn < 0) {
      this.reset(stream, ERROR.flowControl);
      return false;
    }
    stream.uncreditedBytes += bytes;
    if (endsStream || stream.uncreditedBytes * 2 < this.options.shared.limits.streamWindowBytes) return true;
    const { output } = this.options.line;
    output.putFrameHeader(FRAME.windowUpdate, 0, stream.id, 4);
    output.putUint32(stream.uncreditedBytes);
    stream.windowIn += stream.uncreditedBytes;
    stream.uncreditedBytes = 0;
    return true;
  }

  private hasRoom(): boolean {
    const { streamsMax, runningMax } = this.options.shared.limits;
    return this.open.size < streamsMax && this.answers.runningCount < runningMax && !this.unread.isFull;
  }

  /** A frame for a stream that was open once moves nothing. */
  private takeLate(streamId: number): void {
    this.ids.requireKnown(streamId);
    this.payLate();
  }

  private payLate(): void {
    this.options.purses.control.pay(1);
  }

  private resetUnopened(streamId: number, code: ErrorCode): void {
    const { purses, shared } = this.options;
    purses.resets.pay(1);
    this.putReset(streamId, code);
    if (code === ERROR.refusedStream) shared.counts.refused('no_room_for_call');
    else if (code === ERROR.cancel) shared.counts.refused('stalled');
    else if (code !== ERROR.none) shared.counts.refused('call_malformed');
  }

  private putReset(streamId: number, code: ErrorCode): void {
    const { output } = this.options.line;
    this.ids.addReset(streamId);
    output.putFrameHeader(FRAME.rstStream, 0, streamId, 4);
    output.putUint32(code);
  }

  private onAnswering(stream: Stream): void {
    stream.answeredMs = this.options.shared.clock.coarseMs;
    this.intake.release(stream);
  }

  private onSent(stream: Stream): void {
    if (stream.hasTrailers) this.options.purses.resets.earn();
    this.answers.done(stream);
  }

  private close(stream: Stream): void {
    if (stream.isOver) return;
    stream.isOver = true;
    this.options.shared.deadlines.forget(stream);
    this.intake.release(stream);
    this.sender.abandon(stream);
    this.ids.addClosed(stream.id);
    this.open.remove(stream);
    this.options.shared.counts.openCalls -= 1;
    if (this.open.size === 0) this.options.onIdle();
  }
}
