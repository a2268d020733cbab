import {
  ConnectionError,
  ERROR,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  PREFACE,
  readUint31,
} from './frames.ts';

/** One frame, written anew for each: valid until the next, its bytes only until whoever is told of it returns. */
export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  /** Where its payload lies. */
  bytes: Buffer;
  start: number;
  end: number;
}

/** Bytes of frames, in chunks of any size, to frames. Only a frame that a chunk cuts is copied: a slice would keep its whole chunk. */
export class FrameReader {
  private readonly frame: Frame = { type: 0, flags: 0, streamId: 0, bytes: PREFACE, start: 0, end: 0 };
  private readonly onFrame: (frame: Frame) => void;
  private prefaceBytes = 0;
  /** The beginning of a frame whose rest has not come; given back while there is none. */
  private held: Buffer | undefined;
  private heldBytes = 0;
  /** How many frames have been read: what does not grow while a frame is unfinished stands still. */
  frameCount = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.onFrame = onFrame;
  }

  get isMidFrame(): boolean {
    return this.heldBytes > 0;
  }

  /** Throws `ConnectionError` where the chunk is no HTTP/2, or a frame is too long. */
  read(chunk: Buffer): void {
    let at = this.prefaceBytes < PREFACE.length ? this.readPreface(chunk) : 0;
    if (this.heldBytes > 0) at = this.readHeld(chunk, at);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + lengthAt(chunk, at);
      if (end > chunk.length) break;
      this.tell(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.hold(chunk, at, chunk.length);
  }

  /** Gives back what a busy time needed, and the latest chunk: a silent connection would keep all of it. */
  rest(): void {
    this.frame.bytes = PREFACE;
    if (this.heldBytes === 0) this.held = undefined;
  }

  private readPreface(chunk: Buffer): number {
    const count = Math.min(PREFACE.length - this.prefaceBytes, chunk.length);
    const expected = PREFACE.subarray(this.prefaceBytes, this.prefaceBytes + count);
    if (!expected.equals(chunk.subarray(0, count))) throw new ConnectionError(ERROR.protocol, 'no HTTP/2');
    this.prefaceBytes += count;
    return count;
  }

  /** Completes the frame that earlier chunks began, as far as this one goes. */
  private readHeld(chunk: Buffer, from: number): number {
    let at = from;
    if (this.heldBytes < FRAME_HEADER_BYTES) {
      at = this.take(chunk, at, FRAME_HEADER_BYTES);
      if (this.heldBytes < FRAME_HEADER_BYTES) return at;
    }
    const held = this.held ?? PREFACE;
    const end = FRAME_HEADER_BYTES + lengthAt(held, 0);
    at = this.take(chunk, at, end);
    if (this.heldBytes < end) return at;
    this.heldBytes = 0;
    this.tell(held, 0, end);
    return at;
  }

  /** Copies until so many bytes are held, or the chunk is over. */
  private take(chunk: Buffer, at: number, untilBytes: number): number {
    const end = Math.min(chunk.length, at + untilBytes - this.heldBytes);
    this.hold(chunk, at, end);
    return end;
  }

  private hold(chunk: Buffer, start: number, end: number): void {
    this.held ??= Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + FRAME_BYTES_MAX);
    this.heldBytes += chunk.copy(this.held, this.heldBytes, start, end);
  }

  private tell(bytes: Buffer, at: number, end: number): void {
    const { frame } = this;
    frame.type = bytes[at + 3] ?? 0;
    frame.flags = bytes[at + 4] ?? 0;
    frame.streamId = readUint31(bytes, at + 5);
    frame.bytes = bytes;
    frame.start = at + FRAME_HEADER_BYTES;
    frame.end = end;
    this.frameCount += 1;
    this.onFrame(frame);
  }
}

/** Throws before a byte of a frame is kept that is longer than we ever said a frame may be. */
function lengthAt(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  if (length > FRAME_BYTES_MAX) throw new ConnectionError(ERROR.frameSize, 'a frame is too long');
  return length;
}
