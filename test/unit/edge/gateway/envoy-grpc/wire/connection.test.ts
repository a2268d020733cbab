import { describe, expect, test } from 'vitest';
import { GRPC } from '../../../../../../src/lib/grpc-code.ts';
import { GrpcError } from '../../../../../../src/edge/gateway/envoy-grpc/grpc-error.ts';
import type { Method } from '../../../../../../src/edge/gateway/envoy-grpc/transport.ts';
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
  prefixed,
  settings,
  start,
  uint32,
} from './raw-peer.ts';
import type { Fields, Peer } from './raw-peer.ts';

const MESSAGE = Buffer.from('hello');

function greeted(options?: Parameters<typeof start>[0]) {
  const started = start(options);
  const peer = started.connect();
  peer.send(HELLO);
  return { ...started, peer };
}

describe('a call', () => {
  test('is answered with its message between two header frames', async () => {
    const { peer } = greeted();
    peer.send(call(1));
    expect((await peer.answer(1)).body).toEqual(prefixed(MESSAGE));
    const own = peer.frames.filter(({ streamId }) => streamId === 1);
    expect(own.map(({ type, flags }) => [type, flags])).toEqual([
      [FRAME.headers, FLAG.endHeaders],
      [FRAME.data, 0],
      [FRAME.headers, FLAG.endHeaders | FLAG.endStream],
    ]);
    expect(await peer.status(1)).toBe(0);
  });

  test('is answered alike however its bytes are cut', async () => {
    const { peer } = greeted();
    for (const byte of call(1)) peer.send(Buffer.from([byte]));
    expect((await peer.answer(1)).body).toEqual(prefixed(MESSAGE));
  });

  test.each([1, 2, 5, 6, 9])('is answered where its message comes in frames of %i bytes', async (size) => {
    const { peer } = greeted();
    const bytes = prefixed(Buffer.alloc(5_000, 'm'));
    peer.send(headers(1, fieldsOf(ECHO)), data(1, Buffer.alloc(0), 0));
    for (let at = 0; at < bytes.length; at += size) peer.send(data(1, bytes.subarray(at, at + size), 0));
    peer.send(data(1, Buffer.alloc(0)));
    expect((await peer.answer(1)).body).toEqual(bytes);
  });

  test('is answered where its frames are padded, and ends with trailers', async () => {
    const { peer } = greeted();
    const padded = Buffer.concat([Buffer.from([3]), prefixed(MESSAGE), Buffer.alloc(3)]);
    peer.send(headers(1, fieldsOf(ECHO)), frame(FRAME.data, FLAG.padded, 1, padded));
    peer.send(headers(1, [['x-trailer', '1']], FLAG.endHeaders | FLAG.endStream));
    expect((await peer.answer(1)).body).toEqual(prefixed(MESSAGE));
  });

  test('with the same headers as the one before costs no decoding and means the same', async () => {
    const { peer } = greeted();
    // All but the first are indices: 0x40 keeps a literal in the table.
    const kept = Buffer.concat(
      fieldsOf(ECHO).map(([name, value]) => {
        const bytes = literal(name, value);
        bytes[0] = 0x40;
        return bytes;
      }),
    );
    const indices = Buffer.from([0xc2, 0xc1, 0xc0, 0xbf, 0xbe]);
    peer.send(frame(FRAME.headers, FLAG.endHeaders, 1, kept), data(1, prefixed(MESSAGE)));
    for (const id of [3, 5, 7]) {
      peer.send(frame(FRAME.headers, FLAG.endHeaders, id, indices), data(id, prefixed(Buffer.from(`${id}`))));
      expect((await peer.answer(id)).body).toEqual(prefixed(Buffer.from(`${id}`)));
    }
  });

  test('that answers later is answered when it does, and calls behind it are not held up', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const { peer } = greeted({ methods: new Map([['/later', () => promise]]) });
    peer.send(call(1, MESSAGE, '/later'), call(3));
    expect(await peer.status(3)).toBe(0);
    expect(peer.frames.some(({ streamId }) => streamId === 1)).toBe(false);
    resolve(Buffer.from('late'));
    expect((await peer.answer(1)).body).toEqual(prefixed(Buffer.from('late')));
  });

  test('is told how long its gateway waits', async () => {
    const waits: number[] = [];
    const { peer } = greeted({
      methods: new Map([
        ['/wait', (_: Uint8Array, { timeoutMs }: { timeoutMs: number }) => (waits.push(timeoutMs), MESSAGE)],
      ]),
    });
    const timeouts = ['200m', '1S', '2M', '1H', '1500u', '1000000n', undefined];
    for (const [index, timeout] of timeouts.entries()) {
      const more: Fields = timeout === undefined ? [] : [['grpc-timeout', timeout]];
      peer.send(headers(index * 2 + 1, fieldsOf('/wait', more)), data(index * 2 + 1, prefixed(MESSAGE)));
    }
    await peer.answer(timeouts.length * 2 - 1);
    expect(waits).toEqual([200, 1_000, 120_000, 3_600_000, 1.5, 1, Infinity]);
  });
});

describe('a call that cannot be answered', () => {
  const broken: Fields = [['grpc-timeout', '1x']];
  test.each<[string, number, (peer: Peer) => void]>([
    ['of an unknown path', GRPC.unimplemented, (peer) => peer.send(call(1, MESSAGE, '/nobody'))],
    ['of a path without a slash', GRPC.unimplemented, (peer) => peer.send(call(1, MESSAGE, 'nobody'))],
    [
      'with a malformed timeout',
      GRPC.internal,
      (peer) => peer.send(headers(1, fieldsOf(ECHO, broken), FLAG.endHeaders | FLAG.endStream)),
    ],
    [
      'that is compressed as it says',
      GRPC.unimplemented,
      (peer) =>
        peer.send(headers(1, fieldsOf(ECHO, [['grpc-encoding', 'gzip']])), data(1, prefixed(MESSAGE))),
    ],
    [
      'that is compressed but does not say so',
      GRPC.internal,
      (peer) =>
        peer.send(
          headers(1, fieldsOf(ECHO)),
          data(1, Buffer.concat([Buffer.from([1]), uint32(1), MESSAGE.subarray(0, 1)])),
        ),
    ],
    [
      'without a message',
      GRPC.internal,
      (peer) => peer.send(headers(1, fieldsOf(ECHO), FLAG.endHeaders | FLAG.endStream)),
    ],
    [
      'with half a message',
      GRPC.internal,
      (peer) => peer.send(headers(1, fieldsOf(ECHO)), data(1, prefixed(MESSAGE).subarray(0, 7))),
    ],
    [
      'with half a prefix',
      GRPC.internal,
      (peer) => peer.send(headers(1, fieldsOf(ECHO)), data(1, Buffer.alloc(3))),
    ],
    [
      'with two messages',
      GRPC.unimplemented,
      (peer) =>
        peer.send(headers(1, fieldsOf(ECHO)), data(1, Buffer.concat([prefixed(MESSAGE), prefixed(MESSAGE)]))),
    ],
    [
      'with too long a header list',
      GRPC.resourceExhausted,
      (peer) =>
        peer.send(
          headers(
            1,
            fieldsOf(
              ECHO,
              Array.from({ length: 600 }, () => ['a', 'b'] as const),
            ),
            FLAG.endHeaders | FLAG.endStream,
          ),
        ),
    ],
  ])('%s is refused alone', async (_, status, ask) => {
    const { peer } = greeted();
    ask(peer);
    expect(await peer.status(1)).toBe(status);
    expect((await peer.answer(1)).body).toHaveLength(0);
    peer.send(call(3));
    expect(await peer.status(3)).toBe(0);
  });

  test('for its length is refused as soon as the length is seen, and the peer told to stop', async () => {
    const { peer } = greeted({ limits: { messageBytesMax: 100 } });
    peer.send(headers(1, fieldsOf(ECHO)), data(1, prefixed(Buffer.alloc(101)).subarray(0, 5), 0));
    expect(await peer.status(1)).toBe(GRPC.resourceExhausted);
    expect(await peer.reset(1)).toBe(ERROR.none);
    // What was under way is no offence.
    peer.send(data(1, Buffer.alloc(50), 0), data(1, Buffer.alloc(1)), call(3));
    expect(await peer.status(3)).toBe(0);
  });

  test.each<[string, string, string]>([
    ['a method that is not POST', 'GET', '405'],
    ['a method that is not POST, without a body', 'HEAD', '405'],
    ['another content type', 'POST', '415'],
  ])('%s is answered in HTTP', async (_, method, status) => {
    const { peer } = greeted();
    const fields: Fields = [
      [':method', method],
      [':scheme', 'http'],
      [':path', ECHO],
      ['content-type', 'text/html'],
    ];
    peer.send(headers(1, fields, FLAG.endHeaders | FLAG.endStream));
    const { body } = await peer.answer(1);
    expect(body.length > 0).toBe(method !== 'HEAD');
    expect(peer.frames.find(({ type }) => type === FRAME.headers)?.payload.toString('latin1')).toContain(
      status,
    );
  });

  test('fails as the method says, or as INTERNAL with nothing of its text, at once or later', async () => {
    const chosen = new GrpcError(GRPC.notFound, 'süß 100%\n');
    const bug = new Error('secret');
    const methods = new Map<string, Method>([
      [
        '/chosen',
        () => {
          throw chosen;
        },
      ],
      [
        '/bug',
        () => {
          throw bug;
        },
      ],
      ['/later', () => Promise.reject(bug)],
      ['/nothing', () => undefined as unknown as Uint8Array],
    ]);
    const { peer, bugs } = greeted({ methods });
    for (const [index, path] of [...methods.keys()].entries()) peer.send(call(index * 2 + 1, MESSAGE, path));
    expect((await peer.answer(1)).trailers).toContain('s%C3%BC%C3%9F 100%25%0A');
    for (const id of [3, 5, 7]) {
      expect(await peer.status(id)).toBe(GRPC.internal);
      expect((await peer.answer(id)).trailers).not.toContain('secret');
    }
    expect(bugs).toEqual([bug, expect.any(TypeError), bug]);
  });
});

describe('flow control', () => {
  test('an answer goes out as far as each window allows, in frames that the peer takes, and whole in the end', async () => {
    const { peer } = greeted();
    const big = Buffer.alloc(200_000, 'b');
    peer.send(settings([SETTING.initialWindowSize, 10]), call(1, big));
    await peer.settled();
    const sent = () =>
      peer.frames
        .filter(({ type, streamId }) => type === FRAME.data && streamId === 1)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    expect(sent()).toBe(10);
    // RFC 9113 §6.9.2: a change applies to open streams.
    peer.send(settings([SETTING.initialWindowSize, 30_000]));
    await peer.settled('bigger!!');
    expect(sent()).toBe(30_000);
    peer.send(settings([SETTING.initialWindowSize, 100]), frame(FRAME.windowUpdate, 0, 1, uint32(29_900)));
    await peer.settled('smaller!');
    expect(sent()).toBe(30_000);
    peer.send(frame(FRAME.windowUpdate, 0, 1, uint32(1_000_000)));
    await peer.settled('stopped!');
    expect(sent()).toBe(65_535);
    peer.send(frame(FRAME.windowUpdate, 0, 0, uint32(1_000_000)));
    expect((await peer.answer(1)).body).toEqual(prefixed(big));
    expect(Math.max(...peer.frames.map(({ payload }) => payload.length))).toBeLessThanOrEqual(16_384);
  });

  test('calls that the connection’s window stops go on in turn when it opens', async () => {
    const { peer } = greeted();
    const big = Buffer.alloc(60_000, 'b');
    peer.send(settings([SETTING.initialWindowSize, 1_000_000]), call(1, big), call(3, big), call(5, big));
    await peer.settled();
    peer.send(frame(FRAME.windowUpdate, 0, 0, uint32(200_000)));
    for (const id of [1, 3, 5]) expect((await peer.answer(id)).body).toHaveLength(60_005);
  });

  test('credit is given back for long messages, for padding and for calls that are over', async () => {
    const { peer } = greeted();
    const bytes = prefixed(Buffer.alloc(900_000));
    peer.send(headers(1, fieldsOf(ECHO)));
    for (let at = 0; at < bytes.length; at += 16_384) peer.send(data(1, bytes.subarray(at, at + 16_384), 0));
    await peer.settled();
    const credit = (id: number) =>
      peer.frames
        .filter(({ type, streamId }) => type === FRAME.windowUpdate && streamId === id)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    expect(credit(1)).toBeGreaterThan(900_000 - LIMITS.streamWindowBytes);
    const before = credit(0);
    peer.send(frame(FRAME.rstStream, 0, 1, uint32(ERROR.cancel)), headers(3, fieldsOf(ECHO)));
    for (let count = 0; count < 40; count += 1) {
      peer.send(
        frame(
          FRAME.data,
          FLAG.padded,
          3,
          Buffer.concat([Buffer.from([255]), Buffer.from([0]), Buffer.alloc(255)]),
        ),
      );
    }
    for (let count = 0; count < 40; count += 1)
      peer.send(headers(5 + 2 * count, fieldsOf(ECHO)), data(5 + 2 * count, prefixed(Buffer.alloc(15_000))));
    await peer.settled('credited');
    expect(credit(0)).toBeGreaterThan(before);
  });

  test('a peer that sends more than its window ends its call, or its connection', async () => {
    const { peer } = greeted({ limits: { streamWindowBytes: 100, connectionWindowBytes: 65_535 } });
    peer.send(headers(1, fieldsOf(ECHO)), data(1, Buffer.alloc(101), 0));
    expect(await peer.reset(1)).toBe(ERROR.flowControl);
  });
});

describe('what is malformed', () => {
  const request = (more: Fields, flags: number = FLAG.endHeaders | FLAG.endStream): Buffer =>
    headers(1, fieldsOf(ECHO, more), flags);
  test.each<[string, Buffer]>([
    ['a name in upper case', request([['X-Upper', '1']])],
    ['a name that is no token', request([['x y', '1']])],
    ['a line break in a value', request([['x', 'a\nb']])],
    ['a blank before a value', request([['x', ' a']])],
    ['a connection header', request([['connection', 'close']])],
    ['a pseudo-header behind a header', request([[':authority', 'x']])],
    [
      'a response’s pseudo-header',
      headers(1, [[':status', '200'], ...fieldsOf(ECHO)], FLAG.endHeaders | FLAG.endStream),
    ],
    ['no path', headers(1, fieldsOf(''), FLAG.endHeaders | FLAG.endStream)],
    ['a length that is no number', request([['content-length', '1a']])],
    [
      'two lengths',
      request([
        ['content-length', '0'],
        ['content-length', '1'],
      ]),
    ],
    ['a length without content', request([['content-length', '5']])],
    [
      'another length than the content’s',
      Buffer.concat([request([['content-length', '3']], FLAG.endHeaders), data(1, prefixed(MESSAGE))]),
    ],
    ['trailers that end nothing', Buffer.concat([request([], FLAG.endHeaders), headers(1, [['x', '1']])])],
    [
      'credit of nothing for a call',
      Buffer.concat([request([], FLAG.endHeaders), frame(FRAME.windowUpdate, 0, 1, uint32(0))]),
    ],
  ])('in a call ends that call alone: %s', async (_, bytes) => {
    const { peer } = greeted();
    peer.send(bytes);
    expect(await peer.reset(1)).toBe(ERROR.protocol);
    peer.send(call(3));
    expect(await peer.status(3)).toBe(0);
  });

  test.each<[string, number, Buffer]>([
    [
      'a block cut short',
      ERROR.compression,
      frame(FRAME.headers, FLAG.endHeaders, 1, block(fieldsOf(ECHO)).subarray(0, -1)),
    ],
    ['a frame too long', ERROR.frameSize, Buffer.concat([Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1])])],
    ['a stream of a server', ERROR.protocol, headers(2, fieldsOf(ECHO))],
    ['data for nobody', ERROR.protocol, data(1, MESSAGE)],
    [
      'a block that something interrupts',
      ERROR.protocol,
      Buffer.concat([headers(1, fieldsOf(ECHO), 0), settings()]),
    ],
    [
      'another’s continuation',
      ERROR.protocol,
      Buffer.concat([headers(1, fieldsOf(ECHO), 0), frame(FRAME.continuation, FLAG.endHeaders, 3)]),
    ],
    ['headers after the end', ERROR.streamClosed, Buffer.concat([call(1), headers(1, fieldsOf(ECHO))])],
    ['data after the end', ERROR.streamClosed, Buffer.concat([call(1), data(1, MESSAGE)])],
    ['a push', ERROR.protocol, frame(FRAME.pushPromise, FLAG.endHeaders, 1, uint32(2))],
    ['a ping of another size', ERROR.frameSize, frame(FRAME.ping, 0, 0, MESSAGE)],
    [
      'a window beyond its largest',
      ERROR.flowControl,
      Buffer.concat([frame(FRAME.windowUpdate, 0, 0, uint32(0x7fffffff))]),
    ],
    [
      'more padding than payload',
      ERROR.protocol,
      Buffer.concat([headers(1, fieldsOf(ECHO)), frame(FRAME.data, FLAG.padded, 1, Buffer.from([5, 0]))]),
    ],
  ])('on the connection ends it, and says why: %s', async (_, code, bytes) => {
    const { peer, bugs } = greeted();
    peer.send(bytes);
    expect(await peer.goaway()).toBe(code);
    await peer.closed();
    expect(bugs).toEqual([]);
  });

  test.each<[string, Buffer]>([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['noise', Buffer.alloc(100, 0xa5)],
    ['frames before SETTINGS', Buffer.concat([HELLO.subarray(0, 24), call(1)])],
  ])('from the first byte on ends the connection: %s', async (_, bytes) => {
    const { connect } = start();
    const peer = connect();
    peer.send(bytes);
    expect(await peer.goaway()).toBe(ERROR.protocol);
    await peer.closed();
  });
});

describe('a bug', () => {
  test('below the frames ends its connection and no other', async () => {
    const bug = new Error('secret');
    let isBroken = true;
    const onRead = (): void => {
      if (isBroken) throw bug;
    };
    const { connect, bugs } = start({ onRead });
    const [broken, other] = [connect(), connect()];
    broken.send(HELLO, call(1));
    expect(await broken.goaway()).toBe(ERROR.internal);
    await broken.closed();
    expect(bugs).toEqual([bug]);
    isBroken = false;
    other.send(HELLO, call(1));
    expect(await other.status(1)).toBe(0);
  });
});

describe('a method under way', () => {
  test('of a call that was reset counts until it settles: above the bound new calls are refused, to be asked elsewhere', async () => {
    const open = Promise.withResolvers<Uint8Array>();
    const { peer } = greeted({
      limits: { runningMax: 2 },
      methods: new Map([['/open', () => open.promise]]),
    });
    for (const id of [1, 3])
      peer.send(call(id, MESSAGE, '/open'), frame(FRAME.rstStream, 0, id, uint32(ERROR.cancel)));
    peer.send(call(5));
    expect(await peer.reset(5)).toBe(ERROR.refusedStream);
    open.resolve(MESSAGE);
    await open.promise;
    await peer.settled();
    peer.send(call(7));
    expect(await peer.status(7)).toBe(0);
    expect(peer.frames.filter(({ streamId }) => streamId === 1 || streamId === 3)).toEqual([]);
  });

  test('above the bound on open calls, one more is refused', async () => {
    const { peer } = greeted({ limits: { streamsMax: 2 } });
    peer.send(call(1, MESSAGE, NEVER), call(3, MESSAGE, NEVER), call(5));
    expect(await peer.reset(5)).toBe(ERROR.refusedStream);
  });

  test('that its gateway waits no longer for is answered DEADLINE_EXCEEDED', async () => {
    const { peer } = greeted();
    peer.send(headers(1, fieldsOf(NEVER, [['grpc-timeout', '1m']])), data(1, prefixed(MESSAGE)));
    expect(await peer.status(1)).toBe(GRPC.deadlineExceeded);
  });
});

describe('what is measured', () => {
  test('are connections, calls, bytes and refusals by their reason, each told once', async () => {
    const { peer, server, connect } = greeted();
    peer.send(call(1), call(3, MESSAGE, NEVER), headers(5, [['x', '1']]));
    await peer.reset(5);
    const noise = connect();
    noise.send(Buffer.alloc(100));
    await noise.closed();
    const { increments, levels } = server.measure();
    const told = Object.fromEntries(
      increments.map(({ metric, labels, by }) => [[metric, ...Object.values(labels)].join(' '), by]),
    );
    expect(told).toMatchObject({
      tollgate_grpc_connections_total: 2,
      tollgate_grpc_calls_total: 2,
      'tollgate_grpc_refusals_total protocol': 1,
      'tollgate_grpc_refusals_total call_malformed': 1,
    });
    expect(told['tollgate_grpc_bytes_total received']).toBeGreaterThan(200);
    expect(told['tollgate_grpc_bytes_total sent']).toBeGreaterThan(100);
    expect(levels.slice(0, 2).map(({ value }) => value)).toEqual([1, 1]);
    expect(server.measure().increments.every(({ by }) => by === 0)).toBe(true);
  });
});
