import { BlockAssembly } from './block-assembly.ts';
import type { Calls } from './calls.ts';
import type { Frame } from './frame-reader.ts';
import {
  ConnectionError,
  ERROR,
  FLAG,
  FRAME,
  FRAME_BYTES_CEILING,
  FRAME_BYTES_MAX,
  INT31_MAX,
  SETTING,
  readUint31,
  readUint32,
} from './frames.ts';
import type { Piece } from './intake.ts';
import type { WireLimits } from './limits.ts';
import type { Output } from './output.ts';
import type { Purses } from './purse.ts';

const PRIORITY_BYTES = 5;
const RESET_BYTES = 4;
const SETTING_BYTES = 6;
const PING_BYTES = 8;
const GOAWAY_BYTES_MIN = 8;
const CREDIT_BYTES = 4;
/** What a SETTINGS frame costs beside others: it may walk all open calls. */
const SETTINGS_PRICE = 4;
/** Credit below this dribbles an answer out in tiny frames (CVE-2019-9511). */
const CREDIT_BYTES_FREE = 256;

export interface DispatchOptions {
  readonly calls: Calls;
  readonly output: Output;
  readonly purses: Purses;
  readonly limits: WireLimits;
  /** Told of the answer to a ping of ours, with what the ping said. */
  readonly onPong: (text: Piece) => void;
}

/** Takes frames in their order to what they are for (RFC 9113 §6); throws `ConnectionError` where one must not be. */
export class Dispatch {
  private readonly options: DispatchOptions;
  private readonly assembly: BlockAssembly;
  private windowInBytes: number;
  private uncreditedBytes = 0;
  /** The peer has said its SETTINGS, which must be its first frame. */
  hasSettings = false;

  constructor(options: DispatchOptions) {
    this.options = options;
    this.assembly = new BlockAssembly(options.limits);
    this.windowInBytes = options.limits.connectionWindowBytes;
  }

  get isMidBlock(): boolean {
    return this.assembly.isOpen;
  }

  take(frame: Frame): void {
    if (this.assembly.isOpen && frame.type !== FRAME.continuation) throw protocol('a block is interrupted');
    if (!this.hasSettings && (frame.type !== FRAME.settings || hasFlag(frame, FLAG.ack))) {
      throw protocol('SETTINGS must be first');
    }
    switch (frame.type) {
      case FRAME.data:
        return this.takeData(frame);
      case FRAME.headers:
        return this.takeHeaders(frame);
      case FRAME.continuation:
        return this.takeContinuation(frame);
      case FRAME.rstStream:
        requireBytes(frame, RESET_BYTES);
        return this.options.calls.takeReset(requireStream(frame));
      case FRAME.windowUpdate:
        return this.takeCredit(frame);
      default:
        return this.takeControl(frame);
    }
  }

  /** What belongs to no call. */
  private takeControl(frame: Frame): void {
    switch (frame.type) {
      case FRAME.settings:
        return this.takeSettings(frame);
      case FRAME.ping:
        return this.takePing(frame);
      case FRAME.priority:
        this.pay(1);
        requireBytes(frame, PRIORITY_BYTES);
        return requireIndependence(requireStream(frame), readUint31(frame.bytes, frame.start));
      case FRAME.pushPromise:
        throw protocol('a client does not push');
      case FRAME.goaway:
        requireConnection(frame);
        if (frame.end - frame.start < GOAWAY_BYTES_MIN) throw wrongSize();
        return this.pay(1);
      default:
        // Extensions are ignored (RFC 9113 §5.5).
        return this.pay(1);
    }
  }

  private takeData(frame: Frame): void {
    const streamId = requireStream(frame);
    const frameBytes = frame.end - frame.start;
    this.takeConnectionCredit(frameBytes);
    const endsStream = hasFlag(frame, FLAG.endStream);
    const piece = hasFlag(frame, FLAG.padded) ? unpad(frame) : frame;
    this.options.calls.takeData(streamId, endsStream, piece, frameBytes);
  }

  /** Padding and what belongs to calls that are over count too. */
  private takeConnectionCredit(bytes: number): void {
    this.windowInBytes -= bytes;
    if (this.windowInBytes < 0)
      throw new ConnectionError(ERROR.flowControl, 'more data than the window holds');
    this.uncreditedBytes += bytes;
    if (this.uncreditedBytes * 2 < this.options.limits.connectionWindowBytes) return;
    this.options.output.putFrameHeader(FRAME.windowUpdate, 0, 0, CREDIT_BYTES);
    this.options.output.putUint32(this.uncreditedBytes);
    this.windowInBytes += this.uncreditedBytes;
    this.uncreditedBytes = 0;
  }

  private takeHeaders(frame: Frame): void {
    const streamId = requireStream(frame);
    const endsStream = hasFlag(frame, FLAG.endStream);
    const piece = unwrapHeaders(frame, streamId);
    if (hasFlag(frame, FLAG.endHeaders)) this.options.calls.takeHeaders(streamId, endsStream, piece);
    else this.assembly.begin(streamId, endsStream, piece);
  }

  private takeContinuation(frame: Frame): void {
    const { assembly } = this;
    if (!assembly.isOpen || frame.streamId !== assembly.streamId) throw protocol('a block out of place');
    assembly.add(frame);
    if (!hasFlag(frame, FLAG.endHeaders)) return;
    const { streamId, endsStream } = assembly;
    const bytes = assembly.take();
    this.options.calls.takeHeaders(streamId, endsStream, { bytes, start: 0, end: bytes.length });
  }

  private takeCredit(frame: Frame): void {
    requireBytes(frame, CREDIT_BYTES);
    const { calls } = this.options;
    const bytes = readUint31(frame.bytes, frame.start);
    if (bytes < CREDIT_BYTES_FREE) this.pay(1);
    if (frame.streamId !== 0) return calls.takeCreditFor(frame.streamId, bytes);
    if (bytes === 0) throw protocol('credit of nothing');
    calls.sender.addConnectionCredit(bytes);
  }

  private takeSettings(frame: Frame): void {
    const { output } = this.options;
    requireConnection(frame);
    const bytes = frame.end - frame.start;
    if (hasFlag(frame, FLAG.ack)) {
      if (bytes !== 0) throw wrongSize();
      return this.pay(1);
    }
    if (bytes % SETTING_BYTES !== 0) throw wrongSize();
    this.pay(SETTINGS_PRICE);
    this.hasSettings = true;
    const initialWindowBytes = this.readSettings(frame);
    output.putFrameHeader(FRAME.settings, FLAG.ack, 0, 0);
    // After the acknowledgement, and once however often the frame says it: what it sets free may follow at once.
    const { sender, open } = this.options.calls;
    sender.setInitialWindow(initialWindowBytes, open);
  }

  /** Checks every setting; returns the window for new streams. */
  private readSettings({ bytes, start, end }: Frame): number {
    const { sender } = this.options.calls;
    let { initialWindowBytes } = sender;
    for (let at = start; at < end; at += SETTING_BYTES) {
      const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      const value = readUint32(bytes, at + 2);
      if (id === SETTING.enablePush && value > 1) throw protocol('ENABLE_PUSH is 0 or 1');
      if (id === SETTING.initialWindowSize) {
        if (value > INT31_MAX) throw new ConnectionError(ERROR.flowControl, 'a window is too large');
        initialWindowBytes = value;
      }
      if (id === SETTING.maxFrameSize) {
        if (value < FRAME_BYTES_MAX || value > FRAME_BYTES_CEILING) throw protocol('no size of a frame');
        sender.frameBytesMax = value;
      }
    }
    return initialWindowBytes;
  }

  private takePing(frame: Frame): void {
    requireConnection(frame);
    requireBytes(frame, PING_BYTES);
    this.pay(1);
    if (hasFlag(frame, FLAG.ack)) return this.options.onPong(frame);
    this.options.output.putFrameHeader(FRAME.ping, FLAG.ack, 0, PING_BYTES);
    this.options.output.put(frame.bytes.subarray(frame.start, frame.end));
  }

  private pay(price: number): void {
    this.options.purses.control.pay(price);
  }
}

function hasFlag(frame: Frame, flag: number): boolean {
  return (frame.flags & flag) !== 0;
}

function requireStream({ streamId }: Frame): number {
  if (streamId === 0) throw protocol('a frame that needs a stream');
  return streamId;
}

function requireConnection({ streamId }: Frame): void {
  if (streamId !== 0) throw protocol('a frame that has no stream');
}

function requireBytes({ start, end }: Frame, count: number): void {
  if (end - start !== count) throw wrongSize();
}

function requireIndependence(streamId: number, dependency: number): void {
  if (dependency === streamId) throw protocol('a stream depends on itself');
}

/** The block of a HEADERS frame, without padding and priority. */
function unwrapHeaders(frame: Frame, streamId: number): Piece {
  if ((frame.flags & (FLAG.padded | FLAG.priority)) === 0) return frame;
  const { bytes, start, end } = hasFlag(frame, FLAG.padded) ? unpad(frame) : frame;
  if (!hasFlag(frame, FLAG.priority)) return { bytes, start, end };
  if (end - start < PRIORITY_BYTES) throw wrongSize();
  requireIndependence(streamId, readUint31(bytes, start));
  return { bytes, start: start + PRIORITY_BYTES, end };
}

/** RFC 9113 §6.1: padding as long as the payload or longer is an error. */
function unpad({ bytes, start, end }: Frame): Piece {
  if (start === end) throw wrongSize();
  const padding = bytes[start] ?? 0;
  if (padding >= end - start) throw protocol('more padding than payload');
  return { bytes, start: start + 1, end: end - padding };
}

function protocol(reason: string): ConnectionError {
  return new ConnectionError(ERROR.protocol, reason);
}

function wrongSize(): ConnectionError {
  return new ConnectionError(ERROR.frameSize, 'a frame of the wrong size');
}
