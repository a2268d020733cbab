import { describe, expect, test } from 'vitest';
import { GRPC } from '../../../../../../src/lib/grpc-code.ts';
import { ERROR, FLAG, FRAME, SETTING } from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import {
  ECHO,
  HELLO,
  LIMITS,
  NEVER,
  block,
  call,
  data,
  fieldsOf,
  frame,
  headers,
  literal,
  ping,
  prefixed,
  settings,
  start,
  uint32,
} from './raw-peer.ts';

/** Time stands still: nothing refills a purse. */
const STILL = { nowMs: () => 0 };
/** More of any frame than a purse pays for. */
const MANY = 10_000;

function repeated(toFrame: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: MANY }, (_, index) => toFrame(index)));
}

const open = headers(1, fieldsOf(ECHO));
const rapidReset = (index: number): Buffer =>
  Buffer.concat([
    headers(2 * index + 1, fieldsOf(NEVER)),
    frame(FRAME.rstStream, 0, 2 * index + 1, uint32(ERROR.cancel)),
  ]);
/** One byte is a field of 4 KB: an index of what the first block has put into the table. */
const bomb = Buffer.concat([
  block(fieldsOf(ECHO)),
  Buffer.concat([Buffer.from([0x40]), literal('x', 'b'.repeat(3_900)).subarray(1)]),
  Buffer.alloc(10_000, 0xbe),
]);

describe('a peer that does so for long enough is sent away, while another is served', () => {
  test.each<[string, Buffer]>([
    ['opens calls and resets them', repeated(rapidReset)],
    ['opens calls whose reset is ours', repeated((index) => headers(2 * index + 1, [['X', '1']]))],
    ['sends pings', repeated(() => ping())],
    ['acknowledges pings that nobody sent', repeated(() => frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8)))],
    ['says SETTINGS', repeated(() => settings())],
    ['acknowledges SETTINGS', repeated(() => frame(FRAME.settings, FLAG.ack, 0))],
    ['sends data that is empty', Buffer.concat([open, repeated(() => data(1, Buffer.alloc(0), 0))])],
    [
      'sends data that is all padding',
      Buffer.concat([open, repeated(() => frame(FRAME.data, FLAG.padded, 1, Buffer.from([0])))]),
    ],
    [
      'gives credit byte by byte',
      Buffer.concat([open, repeated(() => frame(FRAME.windowUpdate, 0, 1, uint32(1)))]),
    ],
    ['gives the connection credit byte by byte', repeated(() => frame(FRAME.windowUpdate, 0, 0, uint32(1)))],
    [
      'gives credit to calls that are over',
      Buffer.concat([call(1), repeated(() => frame(FRAME.windowUpdate, 0, 1, uint32(1_000)))]),
    ],
    ['sends PRIORITY', repeated(() => frame(FRAME.priority, 0, 3, Buffer.alloc(5)))],
    ['sends frames that nobody knows', repeated(() => frame(0xfa, 0, 0))],
    ['says GOAWAY', repeated(() => frame(FRAME.goaway, 0, 0, Buffer.alloc(8)))],
    [
      'sends too long header lists',
      repeated((index) => frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 2 * index + 1, bomb)),
    ],
    [
      'continues a block for ever',
      Buffer.concat([
        frame(FRAME.headers, 0, 1, Buffer.alloc(1)),
        repeated(() => frame(FRAME.continuation, 0, 1, Buffer.alloc(1))),
      ]),
    ],
    [
      'continues a block with nothing',
      Buffer.concat([frame(FRAME.headers, 0, 1), repeated(() => frame(FRAME.continuation, 0, 1))]),
    ],
    [
      'sends messages that are too long',
      repeated((index) =>
        Buffer.concat([
          headers(2 * index + 1, fieldsOf(ECHO)),
          data(2 * index + 1, Buffer.from([0, 0xff, 0, 0, 0]), 0),
        ]),
      ),
    ],
  ])('%s', async (_, bytes) => {
    const { connect, server, bugs } = start(STILL);
    const [attacker, honest] = [connect(), connect()];
    honest.send(HELLO, call(1));
    attacker.send(HELLO, bytes);
    honest.send(call(3));
    expect(await attacker.goaway()).toBe(ERROR.enhanceYourCalm);
    await attacker.closed();
    expect([await honest.status(1), await honest.status(3)]).toEqual([0, 0]);
    const flood = server
      .measure()
      .increments.find(
        ({ metric, labels }) =>
          metric === 'tollgate_grpc_refusals_total' && 'reason' in labels && labels.reason === 'flood',
      );
    expect(flood?.by).toBe(1);
    expect(bugs).toEqual([]);
  });
});

describe('a header list is paid for by its length, so that few of them end a connection', () => {
  // The bomb stands for 39 MB: that is more often too long than the purse of resets pays for.
  test.each<[string, Buffer]>([
    ['of a call', frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, bomb)],
    [
      'of a malformed call',
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, Buffer.concat([literal('X', '1'), bomb])),
    ],
    ['of trailers', Buffer.concat([open, frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, bomb)])],
  ])('%s', async (_, bytes) => {
    const { connect, bugs } = start(STILL);
    const peer = connect();
    peer.send(HELLO, bytes);
    expect(await peer.goaway()).toBe(ERROR.enhanceYourCalm);
    await peer.closed();
    expect(bugs).toEqual([]);
  });

  test('a list that is a little too long costs little: after a hundred of them a call is answered', async () => {
    const { connect } = start(STILL);
    const peer = connect();
    const long = fieldsOf(ECHO, [['x', 'b'.repeat(LIMITS.headerListBytesMax)]]);
    peer.send(HELLO);
    for (let id = 1; id < 200; id += 2) {
      const piece = block(long);
      const first = piece.subarray(0, 10_000);
      peer.send(
        frame(FRAME.headers, FLAG.endStream, id, first),
        frame(FRAME.continuation, FLAG.endHeaders, id, piece.subarray(10_000)),
      );
    }
    peer.send(call(201));
    expect(await peer.status(199)).toBe(GRPC.resourceExhausted);
    expect(await peer.status(201)).toBe(0);
  });
});

describe('what an honest peer does is paid for by its calls', () => {
  test('two small credits, a ping and an empty frame with each of ten thousand calls', async () => {
    const { connect } = start(STILL);
    const peer = connect();
    peer.send(HELLO);
    for (let id = 1; id < 2 * MANY; id += 2) {
      peer.send(
        headers(id, fieldsOf(ECHO)),
        data(id, prefixed(Buffer.from('hi')), 0),
        data(id, Buffer.alloc(0)),
        frame(FRAME.windowUpdate, 0, 0, uint32(100)),
        frame(FRAME.windowUpdate, 0, 0, uint32(100)),
        ping(),
      );
      if (id % 1_001 === 0) await peer.settled();
    }
    expect(await peer.status(2 * MANY - 1)).toBe(0);
  });

  test('a burst of clients that hang up, of as many calls as may be open', async () => {
    const { connect } = start(STILL);
    const peer = connect();
    peer.send(HELLO);
    for (let index = 0; index < LIMITS.streamsMax; index += 1) peer.send(rapidReset(index));
    peer.send(call(2 * LIMITS.streamsMax + 1));
    expect(await peer.status(2 * LIMITS.streamsMax + 1)).toBe(0);
  });
});

/** The latest answer to a ping may still wait in its socket. */
const LAST_WORDS_BYTES_MAX = 100;

describe('what is kept for a peer is bounded', () => {
  const heldOf = (server: ReturnType<typeof start>['server']): number =>
    server.measure().levels.find(({ metric }) => metric === 'tollgate_grpc_waiting_bytes')?.value ??
    Number.NaN;

  test('unfinished messages: above the bound a call is refused, and what it held is free again', async () => {
    const limits = { heldBytesMax: 100_000, messageBytesMax: 60_000 };
    const { connect, server } = start({ ...STILL, limits });
    const peer = connect();
    peer.send(HELLO);
    const begun = prefixed(Buffer.alloc(60_000));
    for (const id of [1, 3, 5]) {
      peer.send(headers(id, fieldsOf(ECHO)));
      for (let at = 0; at < 45_000; at += 15_000) peer.send(data(id, begun.subarray(at, at + 15_000), 0));
    }
    expect(await peer.status(3)).toBe(GRPC.resourceExhausted);
    await peer.settled();
    expect(heldOf(server)).toBeLessThanOrEqual(100_000);
    peer.send(
      frame(FRAME.rstStream, 0, 1, uint32(ERROR.cancel)),
      frame(FRAME.rstStream, 0, 5, uint32(ERROR.cancel)),
    );
    await peer.settled('released');
    expect(heldOf(server)).toBeLessThan(LAST_WORDS_BYTES_MAX);
  });

  test('a length alone reserves nothing', async () => {
    const { connect, server } = start(STILL);
    const peer = connect();
    peer.send(HELLO);
    for (let id = 1; id < 200; id += 2)
      peer.send(headers(id, fieldsOf(ECHO)), data(id, Buffer.from([0, 0, 0x0f, 0xff, 0xff]), 0));
    await peer.settled();
    expect(heldOf(server)).toBeLessThan(LAST_WORDS_BYTES_MAX);
  });

  test('all connections together: where their bound is reached, no message is begun that must be held', async () => {
    const { connect } = start({ ...STILL, limits: { memoryBytesMax: 20_000 } });
    const peers = [connect(), connect()] as const;
    const half = prefixed(Buffer.alloc(30_000)).subarray(0, 16_000);
    for (const peer of peers) peer.send(HELLO, headers(1, fieldsOf(ECHO)), data(1, half, 0));
    await Promise.all(peers.map((peer) => peer.settled()));
    const [, second] = peers;
    second.send(headers(3, fieldsOf(ECHO)), data(3, half, 0));
    expect(await second.status(3)).toBe(GRPC.resourceExhausted);
    // A message that comes whole needs no room, and an answer that may leave needs none either; one that must wait does.
    second.send(call(5), settings([SETTING.initialWindowSize, 0]), call(7));
    expect(await second.status(5)).toBe(0);
    expect(await second.reset(7)).toBe(ERROR.cancel);
  });

  test('answers that nobody takes: above the bound new calls are refused, to be asked elsewhere', async () => {
    const { connect } = start({ ...STILL, limits: { unreadBytesMax: 10_000 } });
    const peer = connect();
    peer.send(HELLO, settings([SETTING.initialWindowSize, 0]));
    for (const id of [1, 3, 5]) peer.send(call(id, Buffer.alloc(6_000)));
    expect(await peer.reset(5)).toBe(ERROR.refusedStream);
    peer.send(frame(FRAME.windowUpdate, 0, 1, uint32(10_000)));
    expect(await peer.status(1)).toBe(0);
  });

  test('a peer that does not read is not read either', async () => {
    const { connect } = start({ limits: { unsentBytesMax: 50_000 } });
    const peer = connect();
    peer.stream.pause();
    peer.send(
      HELLO,
      settings([SETTING.initialWindowSize, 10_000_000]),
      frame(FRAME.windowUpdate, 0, 0, uint32(10_000_000)),
    );
    for (let id = 1; id < 400; id += 2) peer.send(call(id, Buffer.alloc(16_000)));
    // Everything that can happen now has happened once the timers of this turn have run a few times.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(peer.serverSide.isPaused()).toBe(true);
    expect(peer.serverSide.writableLength).toBeLessThan(50_000 + 100_000);
    peer.stream.resume();
    expect(await peer.status(399)).toBe(0);
  });
});
