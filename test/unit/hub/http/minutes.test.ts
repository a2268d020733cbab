import { expect, test } from 'vitest';
import { createMinutes, toSecondsLeft } from '../../../../src/hub/http/minutes.ts';

const MINUTE_MS = 60_000;

test('a name whose minute begins again is not the one that began longest ago', () => {
  const minutes = createMinutes(3);
  minutes.find('a', 0).count = 1;
  minutes.find('b', 1).count = 1;
  minutes.find('a', MINUTE_MS).count = 2;
  for (const name of ['c', 'd'])
    expect(minutes.find(name, MINUTE_MS)).toEqual({ startMs: MINUTE_MS, count: 0 });
  expect(minutes.find('a', MINUTE_MS)).toEqual({ startMs: MINUTE_MS, count: 2 });
  expect(minutes.find('b', MINUTE_MS).count).toBe(0);
});

test.each([
  [0, 60],
  [1, 60],
  [MINUTE_MS - 1, 1],
  [MINUTE_MS, 1],
])('%i ms after its beginning a minute is over in %i whole seconds', (passedMs, seconds) => {
  expect(toSecondsLeft({ startMs: 5, count: 0 }, 5 + passedMs)).toBe(seconds);
});
