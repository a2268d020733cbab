import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { Methods } from '../../../../../../src/edge/gateway/envoy-grpc/transport.ts';
import {
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  PREFACE,
} from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import { toWireLimits } from '../../../../../../src/edge/gateway/envoy-grpc/wire/limits.ts';
import type { WireLimits } from '../../../../../../src/edge/gateway/envoy-grpc/wire/limits.ts';
import { createWireServer } from '../../../../../../src/edge/gateway/envoy-grpc/wire/server.ts';
import type { WireServer } from '../../../../../../src/edge/gateway/envoy-grpc/wire/server.ts';
import { ANY_PORT } from '../../../../../e2e/grpc-listener.ts';

export const LIMITS: WireLimits = toWireLimits(ANY_PORT.limits);
export const ECHO = '/test.Service/Echo';
export const NEVER = '/test.Service/Never';
export const EXACT = '/test.Service/Exact';

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A frame as a peer may send it, right or wrong. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const entries = pairs.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]));
  return frame(FRAME.settings, 0, 0, Buffer.concat(entries));
}

export const HELLO = Buffer.concat([PREFACE, settings()]);

/** A literal that no table keeps. */
export function literal(name: string, value: string): Buffer {
  const text = (all: string): Buffer => {
    const bytes = Buffer.from(all, 'latin1');
    if (bytes.length >= 127) return Buffer.concat([longInteger(bytes.length), bytes]);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  };
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function longInteger(value: number): Buffer {
  const bytes = [0x7f];
  let rest = value - 0x7f;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

export type Fields = readonly (readonly [name: string, value: string])[];

export function fieldsOf(path: string, more: Fields = []): Fields {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ];
}

export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

export function headers(streamId: number, fields: Fields, flags: number = FLAG.endHeaders): Buffer {
  return frame(FRAME.headers, flags, streamId, block(fields));
}

/** A gRPC message with its prefix. */
export function prefixed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
}

export function data(streamId: number, payload: Uint8Array, flags: number = FLAG.endStream): Buffer {
  return frame(FRAME.data, flags, streamId, payload);
}

/** DATA in frames as large as they may be; the last one ends the stream. */
export function dataFrames(streamId: number, payload: Uint8Array): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += FRAME_BYTES_MAX) {
    const end = at + FRAME_BYTES_MAX;
    frames.push(data(streamId, payload.subarray(at, end), end < payload.length ? 0 : FLAG.endStream));
  }
  return Buffer.concat(frames);
}

/** A whole call. */
export function call(
  streamId: number,
  message: Uint8Array = Buffer.from('hello'),
  path: string = ECHO,
): Buffer {
  return Buffer.concat([headers(streamId, fieldsOf(path)), dataFrames(streamId, prefixed(message))]);
}

export function ping(text = 'abcdefgh'): Buffer {
  return frame(FRAME.ping, 0, 0, Buffer.from(text, 'latin1'));
}

export interface StartOptions {
  readonly limits?: Partial<WireLimits>;
  readonly methods?: Methods;
  readonly nowMs?: () => number;
  readonly random?: () => number;
  readonly onRead?: (message: Uint8Array) => void;
}

export interface Started {
  readonly server: WireServer;
  readonly bugs: unknown[];
  readonly connect: () => Peer;
}

/** A server whose connections are pairs of streams in this process. What was read is overwritten, as the next read may. */
export function start({ limits, methods, nowMs, random, onRead }: StartOptions = {}): Started {
  const bugs: unknown[] = [];
  const server = createWireServer({
    methods: new Map([
      [ECHO, (message: Uint8Array) => Buffer.from(message)],
      [NEVER, () => new Promise<never>(() => {})],
      ...(methods ?? []),
    ]),
    limits: { ...LIMITS, ...limits },
    nowMs: nowMs ?? (() => performance.now()),
    random: random ?? (() => 0.5),
    onBug: (error) => bugs.push(error),
    onRead,
  });
  return {
    server,
    bugs,
    connect() {
      const [ours, theirs] = duplexPair();
      // A connection of a server's ends with its peer.
      theirs.once('end', () => theirs.end());
      server.accept(theirs);
      return new Peer(ours, theirs);
    },
  };
}

/** The other end of a connection: sends any bytes, and reads frames. */
export class Peer {
  readonly stream: Duplex;
  readonly serverSide: Duplex;
  readonly frames: SeenFrame[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private readonly waiting: (() => void)[] = [];
  isClosed = false;

  constructor(stream: Duplex, serverSide: Duplex) {
    this.stream = stream;
    this.serverSide = serverSide;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => this.read(chunk));
    stream.once('end', () => stream.end());
    const close = (): void => {
      this.isClosed = true;
      this.wake();
    };
    serverSide.once('close', close);
    stream.once('close', close);
  }

  send(...bytes: readonly Uint8Array[]): void {
    if (this.stream.writable) this.stream.write(Buffer.concat(bytes));
  }

  /** Resolves once such a frame has come; rejects where the connection is closed without. */
  async next(is: (seen: SeenFrame) => boolean): Promise<SeenFrame> {
    for (;;) {
      const found = this.frames.find(is);
      if (found !== undefined) return found;
      if (this.isClosed)
        throw new Error(`closed after ${JSON.stringify(this.frames.map(({ type }) => type))}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** All that was sent so far has been taken in, and answered. */
  async settled(text = `s${String(this.frames.length).padStart(7, '0')}`): Promise<void> {
    this.send(ping(text));
    await this.next(
      ({ type, flags, payload }) => type === FRAME.ping && flags === FLAG.ack && payload.toString() === text,
    );
  }

  async closed(): Promise<void> {
    if (!this.isClosed) await once(this.serverSide, 'close');
  }

  /** The code of the GOAWAY that ended the connection. */
  async goaway(): Promise<number> {
    const { payload } = await this.next(({ type }) => type === FRAME.goaway);
    return payload.readUInt32BE(4);
  }

  /** The code of the RST_STREAM that ended the call. */
  async reset(streamId: number): Promise<number> {
    const { payload } = await this.next(
      (seen) => seen.type === FRAME.rstStream && seen.streamId === streamId,
    );
    return payload.readUInt32BE(0);
  }

  /** What came of a call that was answered: the bytes of its DATA, and what its last headers hold. */
  async answer(streamId: number): Promise<{ readonly body: Buffer; readonly trailers: string }> {
    const last = await this.next(
      (seen) =>
        seen.streamId === streamId && (seen.flags & FLAG.endStream) !== 0 && seen.type <= FRAME.headers,
    );
    const own = this.frames.filter((seen) => seen.streamId === streamId);
    const body = Buffer.concat(own.filter(({ type }) => type === FRAME.data).map(({ payload }) => payload));
    return { body, trailers: last.type === FRAME.headers ? last.payload.toString('latin1') : '' };
  }

  /** The status of a call, from its trailers. */
  async status(streamId: number): Promise<number> {
    const { trailers } = await this.answer(streamId);
    return Number(/grpc-status.(\d+)/s.exec(trailers)?.[1] ?? Number.NaN);
  }

  private read(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 9) {
      const end = 9 + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) break;
      this.frames.push({
        type: this.rest[3] ?? 0,
        flags: this.rest[4] ?? 0,
        streamId: this.rest.readUInt32BE(5),
        payload: this.rest.subarray(9, end),
      });
      this.rest = this.rest.subarray(end);
    }
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
