import { GRPC } from '../../../../lib/grpc-code.ts';
import { GrpcError } from '../grpc-error.ts';
import { readUint32 } from './frames.ts';
import type { Share } from './memory.ts';
import { PREFIX_BYTES } from './output.ts';
import type { Stream } from './stream.ts';

const HELD_BYTES_INITIAL = 4_096;

/** Where in a frame a piece of a message lies. */
export interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** DATA to messages: one call, one message, not compressed. */
export class Intake {
  private readonly messageBytesMax: number;
  private readonly share: Share;

  /** `share` bounds what is held of messages that have not come whole. */
  constructor(messageBytesMax: number, share: Share) {
    this.messageBytesMax = messageBytesMax;
    this.share = share;
  }

  /** The message of a call whose first DATA is its last: a view, nothing is copied. undefined: `hold` it, and `finish`. */
  findWhole(stream: Stream, { bytes, start, end }: Piece): Buffer | undefined {
    if (stream.prefixBytes > 0 || end - start < PREFIX_BYTES || bytes[start] !== 0) return undefined;
    const length = readUint32(bytes, start + 1);
    if (length !== end - start - PREFIX_BYTES || length > this.messageBytesMax) return undefined;
    return bytes.subarray(start + PREFIX_BYTES, end);
  }

  /** Keeps a copy: a slice would keep its whole chunk. Returns why the call fails. */
  hold(stream: Stream, { bytes, start, end }: Piece): GrpcError | undefined {
    let at = start;
    for (; at < end && stream.prefixBytes < PREFIX_BYTES; at += 1) {
      const byte = bytes[at] ?? 0;
      if (stream.prefixBytes === 0) stream.prefixFlag = byte;
      else stream.messageBytes = stream.messageBytes * 256 + byte;
      stream.prefixBytes += 1;
    }
    if (stream.prefixBytes < PREFIX_BYTES) return undefined;
    const fault = this.findFault(stream, end - at);
    if (fault !== undefined || at === end) return fault;
    return this.copy(stream, { bytes, start: at, end });
  }

  /** The message of a call whose request has ended, or why there is none. */
  finish(stream: Stream): Uint8Array | GrpcError {
    const { prefixBytes, messageBytes, heldBytes } = stream;
    if (prefixBytes < PREFIX_BYTES || heldBytes < messageBytes) {
      return new GrpcError(GRPC.internal, 'no whole message');
    }
    return stream.held?.subarray(0, messageBytes) ?? new Uint8Array();
  }

  /** Forgets what was held. */
  release(stream: Stream): void {
    if (stream.held === undefined) return;
    this.share.add(-stream.held.length);
    stream.held = undefined;
  }

  private findFault(stream: Stream, moreBytes: number): GrpcError | undefined {
    if (stream.prefixFlag !== 0)
      return new GrpcError(GRPC.internal, 'a compressed message without grpc-encoding');
    if (stream.messageBytes > this.messageBytesMax) {
      return new GrpcError(GRPC.resourceExhausted, 'message too long');
    }
    if (stream.heldBytes + moreBytes > stream.messageBytes) {
      return new GrpcError(GRPC.unimplemented, 'more than one message');
    }
    return undefined;
  }

  private copy(stream: Stream, { bytes, start, end }: Piece): GrpcError | undefined {
    const needed = stream.heldBytes + end - start;
    const { held } = stream;
    if (held === undefined || held.length < needed) {
      const size = Math.min(stream.messageBytes, Math.max(HELD_BYTES_INITIAL, 2 * needed));
      const grownBytes = size - (held?.length ?? 0);
      if (!this.share.hasRoomFor(grownBytes)) {
        return new GrpcError(GRPC.resourceExhausted, 'too many unfinished messages');
      }
      this.share.add(grownBytes);
      stream.held = Buffer.allocUnsafe(size);
      held?.copy(stream.held, 0, 0, stream.heldBytes);
    }
    stream.held?.set(bytes.subarray(start, end), stream.heldBytes);
    stream.heldBytes = needed;
    return undefined;
  }
}
