import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SWEEP_MS, Waiting } from '../../../src/lib/waiting.ts';

const TIME_MS = 200;

let waiting: Waiting;
let finished: (string | undefined)[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  waiting = new Waiting(() => Date.now());
  finished = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function wait(answer: Promise<string>): Promise<string> {
  return waiting.within(answer, TIME_MS, {
    finish(value) {
      finished.push(value);
      return `finished with ${value}`;
    },
    fail: (reason) => new Error(`failed for ${String(reason)}`),
  });
}

test('what comes in time is finished once, and its place is free', async () => {
  const answer = wait(Promise.resolve('an answer'));
  expect(waiting.count).toBe(1);
  expect(await answer).toBe('finished with an answer');
  expect(waiting.count).toBe(0);
  vi.advanceTimersByTime(2 * TIME_MS);
  expect(finished).toEqual(['an answer']);
});

test.each(['comes', 'fails'])(
  'what %s when its time is over is thrown away: it was finished without',
  async (end) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const answer = wait(promise);
    vi.advanceTimersByTime(TIME_MS - SWEEP_MS);
    expect(finished).toEqual([]);
    vi.advanceTimersByTime(SWEEP_MS);
    if (end === 'comes') resolve('too late');
    else reject(new Error('too late'));
    expect(await answer).toBe('finished with undefined');
    expect(finished).toEqual([undefined]);
    expect(waiting.count).toBe(0);
  },
);

test('what fails in time rejects with what `fail` makes of it, and its place is free', async () => {
  await expect(wait(Promise.reject(new RangeError('no')))).rejects.toThrow('failed for RangeError: no');
  expect(finished).toEqual([]);
  expect(waiting.count).toBe(0);
});

test.each([
  ['in time', Promise.resolve('an answer')],
  ['at the sweep', new Promise<string>(() => undefined)],
])(
  'an end that throws %s rejects with what `fail` makes of it, and ends no other',
  async (_when, promise) => {
    const broken = waiting.within(promise, TIME_MS, {
      finish: () => {
        throw new TypeError('broken');
      },
      fail: (reason) => new Error(`failed for ${String(reason)}`),
    });
    const other = wait(new Promise(() => undefined));
    const told = expect(broken).rejects.toThrow('failed for TypeError: broken');
    vi.advanceTimersByTime(TIME_MS);
    await told;
    expect(await other).toBe('finished with undefined');
  },
);

test('each is finished with its own answer, in whatever order they come and are given up', async () => {
  const promises = Array.from({ length: 7 }, () => Promise.withResolvers<string>());
  const answers = promises.map(({ promise }) => wait(promise));
  for (const index of [3, 6, 0]) promises[index]?.resolve(`answer ${index}`);
  for (const index of [0, 3, 6]) expect(await answers[index]).toBe(`finished with answer ${index}`);
  expect(waiting.count).toBe(4);
  vi.advanceTimersByTime(TIME_MS / 2);
  const younger = Promise.withResolvers<string>();
  const answer = wait(younger.promise);
  vi.advanceTimersByTime(TIME_MS / 2);
  expect(waiting.count).toBe(1);
  younger.resolve('the last');
  expect(await answer).toBe('finished with the last');
  for (const index of [1, 2, 4, 5]) expect(await answers[index]).toBe('finished with undefined');
  expect(waiting.count).toBe(0);
});

test('no timer runs while nobody waits', async () => {
  const answers = [wait(Promise.resolve('one')), wait(Promise.resolve('two'))];
  expect(vi.getTimerCount()).toBe(1);
  await Promise.all(answers);
  expect(vi.getTimerCount()).toBe(0);
});
