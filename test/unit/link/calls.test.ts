import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { OperationRefused } from '../../../src/domain/operations.ts';
import { CALLS_IN_FLIGHT_MAX, createCaller, serveCalls } from '../../../src/link/calls.ts';
import { fromMessagePort } from '../../../src/link/channel.ts';
import type { Channel } from '../../../src/link/channel.ts';
import { DependencyDown } from '../../../src/ports.ts';
import { CARRIERS } from './carriers.ts';

interface Methods {
  double(value: number): number;
  refuse(): never;
  down(): never;
  bug(): never;
  unclonable(): unknown;
  never(): Promise<void>;
  take(value: unknown): boolean;
}

const METHODS: Methods = {
  double: (value) => value * 2,
  refuse() {
    throw new OperationRefused('conflict', 'it is so already');
  },
  down() {
    throw new DependencyDown('credits', 'the disk is full');
  },
  bug() {
    throw new TypeError('not a function');
  },
  unclonable: () => () => 'a function',
  never: () => new Promise(() => undefined),
  take: () => true,
};

const TIMEOUT_MS = 5_000;
const timeoutsMs = {
  double: TIMEOUT_MS,
  refuse: TIMEOUT_MS,
  down: TIMEOUT_MS,
  bug: TIMEOUT_MS,
  unclonable: TIMEOUT_MS,
  never: TIMEOUT_MS,
  take: TIMEOUT_MS,
};

describe.each(CARRIERS)('calls over %s', (_, connect) => {
  const opened: Channel[] = [];

  afterEach(() => {
    vi.useRealTimers();
    for (const channel of opened.splice(0)) channel.close();
  });

  function open() {
    const [near, far] = connect();
    opened.push(near, far);
    serveCalls(far, { ...METHODS });
    return { near, far, caller: createCaller<Methods>(near, { timeoutsMs, dependency: 'directory' }) };
  }

  test('each call gets its own answer', async () => {
    const { caller } = open();
    const doubled = await Promise.all([1, 2, 3].map((value) => caller.double(value)));
    expect(doubled).toEqual([2, 4, 6]);
  });

  test('a refused operation arrives as one, with its fault and words', async () => {
    const error: unknown = await open().caller.refuse().catch(same);
    expect(error).toBeInstanceOf(OperationRefused);
    expect(error).toMatchObject({ fault: 'conflict', message: 'it is so already' });
  });

  test('an outage arrives as one, with its dependency and reason once', async () => {
    const error: unknown = await open().caller.down().catch(same);
    expect(error).toBeInstanceOf(DependencyDown);
    expect(error).toMatchObject({ dependency: 'credits', message: 'credits: the disk is full' });
  });

  test('a bug arrives with its words and the place where it happened', async () => {
    const error: unknown = await open().caller.bug().catch(same);
    expect(error).not.toBeInstanceOf(DependencyDown);
    expect(error).toMatchObject({ message: 'TypeError: not a function' });
    expect((error as Error).stack).toContain('calls.test.ts');
  });

  test('an unknown method is a bug of the caller and leaves nothing waiting', async () => {
    const [near, far] = connect();
    opened.push(near, far);
    serveCalls(far, {});
    const caller = createCaller<Methods>(near, { timeoutsMs, dependency: 'directory' });
    await expect(caller.double(1)).rejects.toThrow('no method double');
  });

  test('only methods that were offered can be called, whatever an object has by nature', async () => {
    const [near, far] = connect();
    opened.push(near, far);
    serveCalls(far, {});
    const hostile = createCaller<{ toString(): string }>(near, {
      timeoutsMs: { toString: TIMEOUT_MS },
      dependency: 'directory',
    });
    await expect(hostile.toString()).rejects.toThrow('no method toString');
  });

  test('one call more than CALLS_IN_FLIGHT_MAX is refused at once', async () => {
    const { caller, near } = open();
    const calls = Array.from({ length: CALLS_IN_FLIGHT_MAX }, () => caller.never().catch(same));
    await expect(caller.double(1)).rejects.toMatchObject({ reason: 'too many calls in flight' });
    near.close();
    const ends = await Promise.all(calls);
    expect(ends.every((end) => end instanceof DependencyDown)).toBe(true);
  });

  test('the end of the other side ends every call, and every later one', async () => {
    const { caller, far } = open();
    const call = caller.never();
    far.close();
    await expect(call).rejects.toMatchObject({ name: 'DependencyDown', dependency: 'directory' });
    await expect(caller.double(1)).rejects.toMatchObject({ reason: 'the other thread is gone' });
  });

  test('a call that is not answered in its time is an outage; a late answer is nobody’s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { caller } = open();
    const call = caller.never().catch(same);
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(await call).toMatchObject({ name: 'DependencyDown', reason: 'never took too long' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('calls between threads', () => {
  test('an answer that cannot be copied is a bug and not a silence', async () => {
    const { caller, close } = openPorts();
    await expect(caller.unclonable()).rejects.toThrow('could not be cloned');
    close();
  });

  test('an argument that cannot be copied rejects at once and leaves nothing waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { caller, close } = openPorts();
    await expect(caller.take(() => 'a function')).rejects.toThrow('could not be cloned');
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    close();
  });
});

function same(error: unknown): unknown {
  return error;
}

function openPorts() {
  const { port1, port2 } = new MessageChannel();
  serveCalls(fromMessagePort(port1), { ...METHODS });
  const caller = createCaller<Methods>(fromMessagePort(port2), { timeoutsMs, dependency: 'directory' });
  return { caller, close: () => port1.close() };
}
