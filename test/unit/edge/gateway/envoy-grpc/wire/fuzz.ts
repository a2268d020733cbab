import { connect } from 'node:http2';
import { duplexPair } from 'node:stream';
import { expect } from 'vitest';
import { createRandom } from '../../../../../bench/zipf.ts';
import { ERROR, FLAG, FRAME, SETTING } from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import {
  ECHO,
  HELLO,
  NEVER,
  block,
  call,
  data,
  fieldsOf,
  frame,
  headers,
  ping,
  prefixed,
  settings,
  start,
  uint32,
} from './raw-peer.ts';

/** What node:http2 sends for a few calls, to be altered. */
async function record(): Promise<Buffer> {
  const [ours, theirs] = duplexPair();
  const chunks: Buffer[] = [];
  theirs.on('data', (chunk: Buffer) => chunks.push(chunk));
  theirs.write(settings());
  const session = connect('http://api.example', { createConnection: () => ours });
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  for (const path of [ECHO, NEVER, ECHO]) {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '200m',
    });
    stream.on('error', () => {});
    stream.end(prefixed(Buffer.from('hello')));
  }
  session.ping(() => {});
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  session.destroy();
  return Buffer.concat(chunks);
}

/** What nobody sends in one connection, but all of it allowed. */
const MIXED = Buffer.concat([
  HELLO,
  settings([SETTING.initialWindowSize, 20], [SETTING.maxFrameSize, 20_000]),
  call(1),
  headers(3, fieldsOf(ECHO), 0).subarray(0, -1),
  frame(FRAME.continuation, FLAG.endHeaders, 3, block(fieldsOf(ECHO)).subarray(-1)),
  data(3, Buffer.alloc(0), 0),
  data(3, prefixed(Buffer.alloc(100)), 0),
  frame(FRAME.priority, 0, 5, Buffer.alloc(5)),
  data(3, Buffer.alloc(0)),
  frame(FRAME.windowUpdate, 0, 0, uint32(1_000)),
  frame(FRAME.windowUpdate, 0, 3, uint32(30)),
  call(7, Buffer.alloc(200), NEVER),
  frame(FRAME.rstStream, 0, 7, uint32(ERROR.cancel)),
  ping(),
  call(9, Buffer.alloc(2_000)),
  frame(0xfa, 0, 0, Buffer.alloc(3)),
  headers(11, fieldsOf(ECHO)),
  data(11, prefixed(Buffer.from('x')), 0),
  headers(11, [['x', 'y']], FLAG.endHeaders | FLAG.endStream),
]);

interface FrameSpan {
  readonly at: number;
  readonly end: number;
}

function framesOf(bytes: Buffer): FrameSpan[] {
  const spans: FrameSpan[] = [];
  for (let at = 24; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    spans.push({ at, end });
    at = end;
  }
  return spans;
}

/** More bytes than the largest answer to anything that is sent here. */
const ANSWER_BYTES_MAX = 100_000;

/** Sends altered connections to one server; nothing but an orderly end may come of them. */
export async function fuzz(inputs: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const draw = (below: number): number => Math.floor(random() * below);
  const sources = [await record(), MIXED];
  const { connect: open, bugs, server } = start({ nowMs: () => 0 });
  let answered = 0;
  for (let input = 0; input < inputs; input += 1) {
    const altered = alter(sources, draw);
    const peer = open();
    for (let at = 0; at < altered.length;) {
      const end = at + 1 + draw(altered.length);
      peer.stream.write(altered.subarray(at, end));
      at = end;
    }
    // A pair of streams hands bytes on in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    const received = peer.frames.reduce((sum, { payload }) => sum + payload.length + 9, 0);
    expect(received).toBeLessThan(ANSWER_BYTES_MAX);
    if (peer.frames.some(({ type, streamId }) => type === FRAME.headers && streamId > 0)) answered += 1;
    peer.serverSide.destroy();
    peer.stream.destroy();
    if (bugs.length > 0) expect({ bugs, altered: altered.toString('hex') }).toEqual({ bugs: [] });
  }
  await new Promise((resolve) => setImmediate(resolve));
  const { levels } = server.measure();
  // Much of what is altered is still a connection: what it meets is more than the first check.
  expect(answered).toBeGreaterThan(inputs / 4);
  // Nothing is left of what is gone.
  expect(levels.map(({ value }) => value)).toEqual([0, 0, 0]);
}

function alter(sources: readonly Buffer[], draw: (below: number) => number): Buffer {
  let bytes = Buffer.from(sources[draw(sources.length)] ?? MIXED);
  for (let change = 1 + draw(4); change > 0; change -= 1) {
    const spans = framesOf(bytes);
    const { at, end } = spans[draw(spans.length)] ?? { at: 0, end: bytes.length };
    switch (draw(6)) {
      case 0:
        bytes[draw(bytes.length)] = draw(256);
        break;
      case 1:
        // A field of a frame's header.
        bytes[Math.min(at + draw(9), bytes.length - 1)] = draw(4) === 0 ? draw(256) : draw(12);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
        break;
      case 4: {
        const other = Buffer.from(sources[draw(sources.length)] ?? MIXED);
        const span = framesOf(other)[draw(5)] ?? { at: 0, end: 24 };
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(span.at, span.end), bytes.subarray(at)]);
        break;
      }
      default:
        bytes = bytes.subarray(0, Math.max(30, draw(bytes.length + 1)));
    }
  }
  return bytes;
}
