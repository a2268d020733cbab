import { GRPC } from '../../../../lib/grpc-code.ts';
import { GrpcError } from '../grpc-error.ts';
import type { Deadlines } from './deadlines.ts';
import { ERROR } from './frames.ts';
import type { ErrorCode } from './frames.ts';
import { toFailureFrame } from './grpc.ts';
import { toHeadersFrame } from './header-blocks.ts';
import type { Output } from './output.ts';
import type { HttpRefusal, Refusal } from './request-head.ts';
import type { Sender } from './sender.ts';
import type { Stream } from './stream.ts';

export interface AnswersOptions {
  readonly output: Output;
  readonly sender: Sender;
  readonly deadlines: Deadlines;
  /** Runs what no frame caused, under the same guard as what one did. */
  readonly later: (work: () => void) => void;
  /** Told when an answer has begun. */
  readonly onAnswering: (stream: Stream) => void;
  /** Resets a stream whose answer is given, but whose request goes on. */
  readonly resetStream: (stream: Stream, code: ErrorCode) => void;
  /** Told when nothing more will be sent to a stream that was not reset. */
  readonly onDone: (stream: Stream) => void;
  readonly onBug: (error: unknown) => void;
  readonly onRead: ((message: Uint8Array) => void) | undefined;
}

const NO_METHOD = new GrpcError(GRPC.unimplemented, 'unknown method');
const NO_ANSWER = new GrpcError(GRPC.internal, 'internal error');
const LATE = new GrpcError(GRPC.deadlineExceeded, 'deadline exceeded');

/** Runs methods and gives their answers: never an empty message, which would be an allow. */
export class Answers {
  private readonly options: AnswersOptions;
  /** Methods under way, those of streams that are over among them. */
  runningCount = 0;

  constructor(options: AnswersOptions) {
    this.options = options;
  }

  /** `message` may be a view into what was read: nothing of it is used after the method has returned. */
  run(stream: Stream, message: Uint8Array): void {
    const { method } = stream.head;
    if (method === undefined) return this.refuse(stream, NO_METHOD);
    let answer: ReturnType<typeof method>;
    try {
      answer = method(message, stream.head);
    } catch (error) {
      return this.fail(stream, error);
    } finally {
      this.options.onRead?.(message);
    }
    if (answer instanceof Promise) this.wait(stream, answer);
    else this.succeed(stream, answer);
  }

  /** Answers without having asked a method; where the request goes on, its peer is told to stop (RFC 9113 §8.1). */
  refuse(stream: Stream, refusal: Refusal): void {
    if (stream.isOver || stream.isAnswered) return;
    this.begin(stream);
    if (refusal instanceof GrpcError) {
      this.options.output.putHeaders(toFailureFrame(refusal), stream.id);
      this.done(stream);
    } else {
      this.refuseByText(stream, refusal);
    }
  }

  /** The last byte of an answer has left. */
  done(stream: Stream): void {
    if (stream.isEnded) this.options.onDone(stream);
    else this.options.resetStream(stream, ERROR.none);
  }

  private refuseByText(stream: Stream, { status, text }: HttpRefusal): void {
    const { output, sender } = this.options;
    if (text === '') {
      output.putHeaders(toHeadersFrame({ status, end: 'stream' }), stream.id);
      return this.done(stream);
    }
    sender.sendText(stream, toHeadersFrame({ status, contentType: 'text/plain' }), text);
  }

  private wait(stream: Stream, answer: Promise<Uint8Array>): void {
    const { deadlines, later } = this.options;
    this.runningCount += 1;
    if (stream.head.timeoutMs !== Infinity) {
      deadlines.watch(stream, () => later(() => this.refuse(stream, LATE)));
    }
    answer.then(
      (message) =>
        later(() => {
          this.runningCount -= 1;
          this.succeed(stream, message);
        }),
      (error: unknown) =>
        later(() => {
          this.runningCount -= 1;
          this.fail(stream, error);
        }),
    );
  }

  private succeed(stream: Stream, message: Uint8Array): void {
    if (stream.isOver || stream.isAnswered) return;
    if (!(message instanceof Uint8Array)) return this.fail(stream, new TypeError('a method gave no answer'));
    this.begin(stream);
    this.options.sender.sendAnswer(stream, message);
  }

  private fail(stream: Stream, error: unknown): void {
    if (!(error instanceof GrpcError)) this.options.onBug(error);
    this.refuse(stream, error instanceof GrpcError ? error : NO_ANSWER);
  }

  private begin(stream: Stream): void {
    stream.isAnswered = true;
    this.options.deadlines.forget(stream);
    this.options.onAnswering(stream);
  }
}
