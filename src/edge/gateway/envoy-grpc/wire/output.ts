import { FLAG, FRAME, FRAME_HEADER_BYTES } from './frames.ts';
import { TABLE_SIZE_ZERO } from './header-blocks.ts';

/** Memory for one write at first: what the last one needed, within these. Over TLS none is used twice, and most writes are short. */
const OUTPUT_BYTES_MIN = 1_024;
const OUTPUT_BYTES_MAX = 16_384;
/** Where a frame's header says its stream. */
const STREAM_ID_AT = 5;

/** Gathers frames, so that all that one read brings about leaves in one write. */
export class Output {
  private bytes: Buffer | undefined;
  private length = 0;
  private hasSentHeaders = false;
  private nextBytes = OUTPUT_BYTES_MAX;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Hands what was gathered to `write`, which says whether it has read it: else the memory is its own from now on. */
  flush(write: (bytes: Buffer) => boolean): void {
    const { bytes, length } = this;
    if (bytes === undefined || length === 0) return;
    this.length = 0;
    if (write(bytes.subarray(0, length))) return;
    this.bytes = undefined;
    this.nextBytes = Math.min(OUTPUT_BYTES_MAX, Math.max(OUTPUT_BYTES_MIN, 2 * length));
  }

  /** Gives back what a busy time needed. */
  rest(): void {
    if (this.length === 0) this.bytes = undefined;
  }

  /** A HEADERS frame with its block, made for stream 0. */
  putHeaders(frame: Buffer, streamId: number): void {
    if (this.hasSentHeaders) this.putFrame(frame, streamId);
    else this.putFirstHeaders(frame, streamId);
  }

  /** DATA with one gRPC message, not compressed. */
  putMessage(streamId: number, message: Uint8Array): void {
    const { length } = message;
    this.putFrameHeader(FRAME.data, 0, streamId, length + PREFIX_BYTES);
    const bytes = this.reserve(PREFIX_BYTES + length);
    bytes[this.length] = 0;
    writeUint32(bytes, this.length + 1, length);
    bytes.set(message, this.length + PREFIX_BYTES);
    this.length += PREFIX_BYTES + length;
  }

  putFrameHeader(type: number, flags: number, streamId: number, payloadBytes: number): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES);
    const at = this.length;
    bytes[at] = payloadBytes >> 16;
    bytes[at + 1] = payloadBytes >> 8;
    bytes[at + 2] = payloadBytes;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    writeUint32(bytes, at + STREAM_ID_AT, streamId);
    this.length = at + FRAME_HEADER_BYTES;
  }

  putUint32(value: number): void {
    writeUint32(this.reserve(4), this.length, value);
    this.length += 4;
  }

  put(source: Uint8Array): void {
    this.reserve(source.length).set(source, this.length);
    this.length += source.length;
  }

  private putFrame(frame: Buffer, streamId: number): void {
    const bytes = this.reserve(frame.length);
    bytes.set(frame, this.length);
    writeUint32(bytes, this.length + STREAM_ID_AT, streamId);
    this.length += frame.length;
  }

  /** A peer that allows us a smaller table waits until we say that we have none: we say so at once, and never need one. */
  private putFirstHeaders(frame: Buffer, streamId: number): void {
    this.hasSentHeaders = true;
    const flags = FLAG.endHeaders | ((frame[4] ?? 0) & FLAG.endStream);
    this.putFrameHeader(FRAME.headers, flags, streamId, frame.length - FRAME_HEADER_BYTES + 1);
    this.put(TABLE_SIZE_ZERO);
    this.put(frame.subarray(FRAME_HEADER_BYTES));
  }

  /** Memory with room for so many bytes more. */
  private reserve(count: number): Buffer {
    const needed = this.length + count;
    const { bytes } = this;
    if (bytes !== undefined && needed <= bytes.length) return bytes;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.nextBytes, needed, (bytes?.length ?? 0) * 2));
    bytes?.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    return grown;
  }
}

/** What precedes a gRPC message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;

function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
