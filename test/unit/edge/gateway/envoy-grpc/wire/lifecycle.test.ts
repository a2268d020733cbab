import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ERROR,
  FLAG,
  FRAME,
  INT31_MAX,
  SETTING,
} from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import { TICK_MS } from '../../../../../../src/edge/gateway/envoy-grpc/wire/limits.ts';
import {
  ECHO,
  HELLO,
  LIMITS,
  NEVER,
  call,
  data,
  fieldsOf,
  frame,
  headers,
  prefixed,
  settings,
  start,
} from './raw-peer.ts';
import type { Peer, StartOptions } from './raw-peer.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function greeted(options?: StartOptions) {
  const started = start(options);
  const peer = started.connect();
  peer.send(HELLO);
  return { ...started, peer };
}

/** Lets time pass, in steps in which what was sent also arrives. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += TICK_MS) {
    await vi.advanceTimersByTimeAsync(Math.min(TICK_MS, ms - passed));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const goaways = (peer: Peer): number[] =>
  peer.frames.filter(({ type }) => type === FRAME.goaway).map(({ payload }) => payload.readUInt32BE(0));
const pong = frame(FRAME.ping, FLAG.ack, 0, Buffer.from('tollgate'));

describe('a connection is closed', () => {
  test('that says nothing', async () => {
    const { connect } = start();
    const peer = connect();
    await pass(LIMITS.prefaceMs - TICK_MS);
    expect(peer.isClosed).toBe(false);
    await pass(3 * TICK_MS);
    expect(peer.isClosed).toBe(true);
  });

  test('after its idle time, if it has no call, and not before', async () => {
    const { peer } = greeted({ limits: { pingMs: Infinity } });
    await pass(LIMITS.idleMs - TICK_MS);
    peer.send(call(1));
    await peer.answer(1);
    await pass(LIMITS.idleMs - TICK_MS);
    expect(goaways(peer)).toEqual([]);
    await pass(3 * TICK_MS);
    expect(goaways(peer)).toEqual([INT31_MAX, 1]);
    expect(peer.isClosed).toBe(true);
  });

  test.each([
    [0, 0.9],
    [0.999_999, 1.1],
  ])('after its age, up to a tenth more or less: %d', async (random, share) => {
    const ageMs = 100_000;
    const { peer } = greeted({ limits: { ageMs, pingMs: Infinity }, random: () => random });
    await pass(share * ageMs - TICK_MS);
    peer.send(call(1, Buffer.from('x'), NEVER));
    expect(goaways(peer)).toEqual([]);
    await pass(4 * TICK_MS);
    expect(goaways(peer)).toEqual([INT31_MAX, 1]);
    expect(peer.isClosed).toBe(false);
    await pass(LIMITS.drainMs);
    expect(await peer.reset(1)).toBe(ERROR.cancel);
    expect(peer.isClosed).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['frame', call(1).subarray(0, 12)],
    ['header block', headers(1, fieldsOf(ECHO), 0)],
  ])('whose %s does not end', async (_, begun) => {
    const { peer } = greeted();
    peer.send(begun);
    await pass(LIMITS.requestMs - TICK_MS);
    expect(peer.isClosed).toBe(false);
    await pass(4 * TICK_MS);
    expect(peer.isClosed).toBe(true);
  });

  test('whose peer does not read what waits for it', async () => {
    const { peer } = greeted();
    peer.stream.pause();
    peer.send(
      settings([SETTING.initialWindowSize, 1_000_000]),
      frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 0x10, 0, 0])),
      call(1, Buffer.alloc(900_000)),
    );
    await pass(LIMITS.writeStallMs - 2 * TICK_MS);
    expect(peer.serverSide.destroyed).toBe(false);
    await pass(5 * TICK_MS);
    expect(peer.serverSide.destroyed).toBe(true);
  });

  test('whose peer is gone without a word: it answers no ping', async () => {
    const { peer } = greeted();
    const pings = () => peer.frames.filter(({ type, flags }) => type === FRAME.ping && flags === 0).length;
    await pass(LIMITS.pingMs + 2 * TICK_MS);
    expect(pings()).toBe(1);
    peer.send(pong);
    await pass(LIMITS.pingMs + 2 * TICK_MS);
    expect(pings()).toBe(2);
    expect(peer.isClosed).toBe(false);
    await pass(LIMITS.pingTimeoutMs + 2 * TICK_MS);
    expect(peer.isClosed).toBe(true);
  });
});

describe('a call is reset', () => {
  test('whose message does not end', async () => {
    const { peer } = greeted();
    peer.send(headers(1, fieldsOf(ECHO)), data(1, prefixed(Buffer.from('hello')).subarray(0, 6), 0));
    await pass(LIMITS.requestMs - TICK_MS);
    peer.send(call(3));
    expect((await peer.answer(3)).body).toHaveLength(10);
    await pass(3 * TICK_MS);
    expect(await peer.reset(1)).toBe(ERROR.cancel);
  });

  test('whose answer is not taken', async () => {
    const { peer } = greeted();
    peer.send(settings([SETTING.initialWindowSize, 0]), call(1));
    await pass(LIMITS.answerMs + 3 * TICK_MS);
    expect(await peer.reset(1)).toBe(ERROR.cancel);
    expect(peer.isClosed).toBe(false);
  });
});

describe('stopping', () => {
  test('answers what was sent before its peer knew, takes nothing after, and closes when the last call has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const { peer, server } = greeted({ methods: new Map([['/later', () => promise]]) });
    peer.send(call(1, Buffer.from('x'), '/later'));
    await peer.settled();
    const stopped = server.stop(60_000);
    await peer.next(({ type }) => type === FRAME.goaway);
    peer.send(call(3), pong, call(5));
    expect(await peer.status(3)).toBe(0);
    await peer.settled('after it');
    expect(goaways(peer)).toEqual([INT31_MAX, 3]);
    expect(peer.frames.some(({ streamId }) => streamId === 5)).toBe(false);
    resolve(Buffer.from('done'));
    expect(await peer.status(1)).toBe(0);
    await peer.closed();
    await stopped;
  });

  test('goes on without a peer that answers no ping', async () => {
    const { peer, server } = greeted();
    await peer.settled();
    const stopped = server.stop(60_000);
    await pass(3 * TICK_MS);
    await stopped;
    expect(goaways(peer)).toEqual([INT31_MAX, 0]);
  });

  test('cancels what has not ended in time', async () => {
    const { peer, server } = greeted();
    peer.send(call(1, Buffer.from('x'), NEVER));
    await peer.settled();
    const stopped = server.stop(5_000);
    await pass(5_000);
    expect(await peer.reset(1)).toBe(ERROR.cancel);
    await pass(2 * LIMITS.lingerMs);
    await stopped;
  });

  test('ends connections that come meanwhile, and is done at once where there are none', async () => {
    const { peer, server, connect } = greeted();
    peer.send(call(1, Buffer.from('x'), NEVER));
    await peer.settled();
    const stopped = server.stop(5_000);
    const late = connect();
    late.send(HELLO);
    expect((await late.next(({ type }) => type === FRAME.goaway)).payload.readUInt32BE(0)).toBe(INT31_MAX);
    await pass(5_000 + 3 * LIMITS.lingerMs);
    await stopped;
    await start().server.stop(60_000);
  });

  test('tells the last call that it is reset before the connection ends', async () => {
    const { peer, server } = greeted();
    peer.send(headers(1, fieldsOf(ECHO)));
    await peer.settled();
    const stopped = server.stop(60_000);
    // Trailers that end nothing.
    peer.send(pong, headers(1, [['x', '1']]));
    expect(await peer.reset(1)).toBe(ERROR.protocol);
    await stopped;
  });

  test('leaves a slow reader time for the last answers', async () => {
    const { peer, server } = greeted();
    const credit = Buffer.from([0, 0x10, 0, 0]);
    peer.send(settings([SETTING.initialWindowSize, 1_000_000]), frame(FRAME.windowUpdate, 0, 0, credit));
    await peer.settled();
    peer.stream.pause();
    for (const id of [1, 3]) peer.send(call(id, Buffer.alloc(90_000)));
    await pass(TICK_MS);
    const stopped = server.stop(60_000);
    await pass(LIMITS.lingerMs + 4 * TICK_MS);
    peer.stream.resume();
    expect(await peer.status(3)).toBe(0);
    await stopped;
  });

  test('takes the answer to an earlier ping for no sign that its GOAWAY was read: a call under way is answered', async () => {
    const { peer, server } = greeted();
    await pass(LIMITS.pingMs + 2 * TICK_MS);
    const asked = await peer.next(({ type, flags }) => type === FRAME.ping && flags === 0);
    const stopped = server.stop(60_000);
    peer.send(frame(FRAME.ping, FLAG.ack, 0, asked.payload), call(1));
    expect(await peer.status(1)).toBe(0);
    peer.send(pong);
    await stopped;
    expect(goaways(peer)).toEqual([INT31_MAX, 1]);
  });

  test('is done soon after its time, whoever does not read the last answers', async () => {
    const graceMs = 2_000;
    const { peer, server } = greeted();
    const credit = Buffer.from([0, 0x10, 0, 0]);
    peer.send(settings([SETTING.initialWindowSize, 1_000_000]), frame(FRAME.windowUpdate, 0, 0, credit));
    await peer.settled();
    peer.stream.pause();
    peer.send(call(1, Buffer.alloc(900_000)));
    await pass(TICK_MS);
    const stopped = server.stop(graceMs);
    await pass(graceMs + LIMITS.lingerMs + TICK_MS);
    expect(peer.serverSide.destroyed).toBe(true);
    await stopped;
  });

  test('forgives data that was under way when its call was cut', async () => {
    const { peer, server } = greeted();
    peer.send(headers(1, fieldsOf(ECHO)));
    await peer.settled();
    const stopped = server.stop(5_000);
    peer.send(pong);
    await pass(5_000);
    expect(await peer.reset(1)).toBe(ERROR.cancel);
    peer.send(data(1, prefixed(Buffer.from('late'))));
    await pass(3 * LIMITS.lingerMs);
    await stopped;
    expect(goaways(peer)).toEqual([INT31_MAX, 1]);
  });

  test('leaves no timer behind', async () => {
    const { peer, server } = greeted();
    peer.send(call(1));
    await peer.answer(1);
    const stopped = server.stop(60_000);
    await pass(3 * TICK_MS);
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
  });
});
