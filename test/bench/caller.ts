import { connect } from 'node:net';
import type { Socket } from 'node:net';
import {
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  PREFACE,
  SETTING,
  WINDOW_BYTES_INITIAL,
  readUint31,
  readUint32,
} from '../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import { FrameReader } from '../../src/edge/gateway/envoy-grpc/wire/frame-reader.ts';
import type { Frame } from '../../src/edge/gateway/envoy-grpc/wire/frame-reader.ts';
import { HpackDecoder } from '../../src/edge/gateway/envoy-grpc/wire/hpack-decoder.ts';
import { CallHeads } from './call-heads.ts';

/**
 * One connection that asks a bench's server unary gRPC calls at an eighth of what `node:http2` takes for one (3.6 to 4 µs in place of
 * 31), so that two cores are the server's and not its load's. It trusts the server: what HTTP/2 allows and no server of the bench does is an error.
 */
export interface Caller {
  /** Sent with `flush`. Answered in order of arrival, once. */
  call(message: Uint8Array, onAnswer: OnAnswer): void;
  /** Sends all that was called since the last time; answers' callers need not. */
  flush(): void;
  close(): void;
}

/** The answer's one message, without its prefix. */
type OnAnswer = (answer: Uint8Array) => void;

export interface CallerOptions {
  readonly address: string;
  readonly path: string;
  /** The connection or a call failed: no further answer comes. */
  readonly onError: (error: Error) => void;
}

interface Call {
  readonly onAnswer: OnAnswer;
  data: Buffer;
  status: string;
}

const READ_BYTES = 256 * 1024;
const OUTPUT_BYTES = 1024 * 1024;
/** More than all answers of a bench's load that can be under way at once. */
const RECEIVE_WINDOW_BYTES = 2 ** 30;
const STREAM_WINDOW_BYTES = 2 ** 20;
/** gRPC's prefix of a message: a byte and a length. */
const PREFIX_BYTES = 5;
const SETTING_BYTES = 6;
const NO_BYTES = Buffer.alloc(0);

/** Resolves when the server has said what it allows. */
export function connectCaller(options: CallerOptions): Promise<Caller> {
  return new Promise((resolve, reject) => {
    const connection: Connection = new Connection(options.address, options.path, {
      onReady: () => resolve(connection),
      onError: (error) => {
        reject(error);
        options.onError(error);
      },
    });
  });
}

interface Told {
  readonly onReady: () => void;
  readonly onError: (error: Error) => void;
}

class Connection implements Caller {
  private readonly socket: Socket;
  private readonly reader = new FrameReader((frame) => this.accept(frame));
  private readonly decoder = new HpackDecoder();
  private readonly heads: CallHeads;
  private readonly told: Told;
  private readonly calls = new Map<number, Call>();
  private output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  private outputBytes = 0;
  private lastStreamId = -1;
  private windowBytes = WINDOW_BYTES_INITIAL;
  private receivedBytes = 0;
  private readonly waiting: (() => void)[] = [];
  private isClosed = false;

  constructor(address: string, path: string, told: Told) {
    const colon = address.lastIndexOf(':');
    this.told = told;
    this.heads = new CallHeads(address, path);
    this.socket = connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes, from) => this.read(bytes, from),
      },
    });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new Error('the server closed the connection')));
    // It reads what servers send, who say no preface.
    this.reader.read(PREFACE);
    this.put(PREFACE);
    this.putFrame(FRAME.settings, 0, toSetting(SETTING.initialWindowSize, STREAM_WINDOW_BYTES));
    this.putFrame(FRAME.windowUpdate, 0, toUint32(RECEIVE_WINDOW_BYTES));
    this.flush();
  }

  call(message: Uint8Array, onAnswer: OnAnswer): void {
    if (message.length > FRAME_BYTES_MAX) throw new Error('a question takes one frame');
    if (message.length > this.windowBytes) {
      this.waiting.push(() => this.call(message, onAnswer));
      return;
    }
    this.windowBytes -= message.length;
    this.lastStreamId += 2;
    this.calls.set(this.lastStreamId, { onAnswer, data: NO_BYTES, status: '' });
    this.putFrame(FRAME.headers, FLAG.endHeaders, this.heads.next());
    this.putFrame(FRAME.data, FLAG.endStream, message);
  }

  flush(): void {
    if (this.outputBytes === 0 || this.isClosed) return;
    this.socket.write(this.output.subarray(0, this.outputBytes));
    this.outputBytes = 0;
    // The kernel took all of it, nearly always.
    if (this.socket.writableLength > 0) this.output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  }

  close(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  private fail(error: Error): void {
    if (this.isClosed) return;
    this.close();
    this.told.onError(error);
  }

  private read(byteCount: number, from: Uint8Array): boolean {
    try {
      this.reader.read(Buffer.from(from.buffer, from.byteOffset, byteCount));
      this.flush();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    return !this.isClosed;
  }

  private accept(frame: Frame): void {
    if (frame.type === FRAME.data) this.acceptData(frame);
    else if (frame.type === FRAME.headers) this.acceptHeaders(frame);
    else if (frame.type === FRAME.settings) this.acceptSettings(frame);
    else if (frame.type === FRAME.windowUpdate) this.acceptWindow(frame);
    else if (frame.type === FRAME.ping) this.acceptPing(frame);
    else throw new Error(`a frame of type ${frame.type} on stream ${frame.streamId}`);
  }

  private acceptData({ flags, streamId, bytes, start, end }: Frame): void {
    if ((flags & (FLAG.padded | FLAG.endStream)) !== 0)
      throw new Error('an answer without trailers, or padded');
    const call = this.callOf(streamId);
    const part = Buffer.from(bytes.subarray(start, end));
    call.data = call.data.length === 0 ? part : Buffer.concat([call.data, part]);
    this.receivedBytes += part.length;
    if (this.receivedBytes < RECEIVE_WINDOW_BYTES / 2) return;
    this.putFrame(FRAME.windowUpdate, 0, toUint32(this.receivedBytes));
    this.receivedBytes = 0;
  }

  private acceptHeaders(frame: Frame): void {
    const { flags, streamId } = frame;
    if ((flags & FLAG.endHeaders) === 0 || (flags & (FLAG.padded | FLAG.priority)) !== 0)
      throw new Error('headers that are cut, padded or prioritized');
    const call = this.callOf(streamId);
    this.decoder.decode(frame.bytes, frame, {
      add({ name, value }) {
        if (name === 'grpc-status') call.status = value;
      },
    });
    if ((flags & FLAG.endStream) === 0) return;
    this.calls.delete(streamId);
    if (call.status !== '0') throw new Error(`grpc-status ${call.status}`);
    call.onAnswer(messageOf(call.data));
  }

  private acceptSettings({ flags, bytes, start, end }: Frame): void {
    if ((flags & FLAG.ack) !== 0) return;
    for (let at = start; at < end; at += SETTING_BYTES) {
      const isTable = ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0) === SETTING.headerTableSize;
      if (isTable) this.heads.limit(readUint32(bytes, at + 2));
    }
    this.putFrame(FRAME.settings, FLAG.ack, NO_BYTES);
    this.told.onReady();
  }

  private acceptWindow({ streamId, bytes, start }: Frame): void {
    if (streamId !== 0) return;
    this.windowBytes += readUint31(bytes, start);
    for (const again of this.waiting.splice(0)) again();
  }

  private acceptPing({ flags, bytes, start, end }: Frame): void {
    if ((flags & FLAG.ack) === 0) this.putFrame(FRAME.ping, FLAG.ack, bytes.subarray(start, end));
  }

  private callOf(streamId: number): Call {
    const call = this.calls.get(streamId);
    if (call === undefined) throw new Error(`an answer on stream ${streamId}, where none is awaited`);
    return call;
  }

  /** Of the connection as a whole, unless it is one of a call: those go on the latest stream. */
  private putFrame(type: number, flags: number, payload: Uint8Array): void {
    const isOfCall = type === FRAME.headers || type === FRAME.data;
    const header = this.reserve(FRAME_HEADER_BYTES);
    this.output.writeUIntBE(payload.length, header, 3);
    this.output[header + 3] = type;
    this.output[header + 4] = flags;
    this.output.writeUInt32BE(isOfCall ? this.lastStreamId : 0, header + 5);
    this.put(payload);
  }

  private put(bytes: Uint8Array): void {
    this.output.set(bytes, this.reserve(bytes.length));
  }

  private reserve(byteCount: number): number {
    if (this.outputBytes + byteCount > OUTPUT_BYTES) this.flush();
    const at = this.outputBytes;
    this.outputBytes += byteCount;
    return at;
  }
}

/** Throws where an answer says OK and brings no message, a part of one, more than one or a compressed one. */
function messageOf(data: Buffer): Uint8Array {
  const isPlain = data.length >= PREFIX_BYTES && data[0] === 0;
  if (!isPlain || readUint32(data, 1) !== data.length - PREFIX_BYTES)
    throw new Error('an answer without its message');
  return data.subarray(PREFIX_BYTES);
}

function toSetting(id: number, value: number): Uint8Array {
  return Buffer.concat([Buffer.from([id >> 8, id & 0xff]), toUint32(value)]);
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
