import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  COUNT_EVERY_MS,
  COUNT_REST_MS,
  startPepperCounts,
  tellPepperUse,
  toPepperLevels,
} from '../../../src/compose/pepper-use.ts';
import type { PepperCursor } from '../../../src/hub/store/keys.ts';
import { DependencyDown } from '../../../src/ports.ts';

const secret = new Uint8Array(32);
const RING = { current: { id: 'p3', secret }, retired: ['p2', 'p1'].map((id) => ({ id, secret })) };

function tell(keysOf: Readonly<Record<string, number>>): readonly unknown[] {
  const told: unknown[] = [];
  const line = (level: string) => (message: string, fields?: unknown) =>
    void told.push([level, message, fields]);
  const log = { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  tellPepperUse(new Map(Object.entries(keysOf)), RING, log);
  return told;
}

test('a start tells of every retired pepper whether it is still needed', () => {
  expect(tell({ p3: 10, p1: 2 })).toEqual([
    ['info', 'no key is digested under a retired pepper any more: it can go', { id: 'p2' }],
    ['info', 'keys are digested under a retired pepper until they are used', { id: 'p1', keys: 2 }],
  ]);
});

test('a start warns of keys that no check can find for want of their pepper', () => {
  expect(tell({ p3: 10, p0: 4 }).at(-1)).toEqual([
    'warn',
    'keys are digested under a pepper that is not configured: no check finds them',
    { id: 'p0', keys: 4 },
  ]);
});

test('the metric has the peppers of the ring, empty ones too, and one word for all others', () => {
  const { levels } = toPepperLevels(new Map(Object.entries({ p3: 10, p1: 2, p0: 4, older: 1 })), RING);
  expect(levels.map(({ labels, value }) => [labels, value])).toEqual([
    [{ pepper: 'p3' }, 10],
    [{ pepper: 'p2' }, 0],
    [{ pepper: 'p1' }, 2],
    [{ pepper: '(other)' }, 5],
  ]);
});

describe('the count of all keys', () => {
  let steps: number;
  let fault: Error | undefined;
  let taken: number[];
  let warnings: string[];
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    [steps, fault, taken, warnings] = [0, undefined, [], []];
    stop = startPepperCounts({
      reads: {
        // Three steps of one key each.
        async countPerPepper(after: PepperCursor = { pepperId: 'p3', row: 0 }) {
          if (fault !== undefined) throw fault;
          steps += 1;
          const row = after.row + 1;
          return { counted: [{ pepperId: 'p3', keys: 1 }], next: row === 3 ? null : { ...after, row } };
        },
      },
      ring: RING,
      take: ({ levels }) => void taken.push(levels[0]?.value ?? 0),
      log: { error() {}, warn: (message) => void warnings.push(message), info() {}, debug() {} },
    });
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  test('is made again and again, and rests after every step', async () => {
    await vi.advanceTimersByTimeAsync(COUNT_EVERY_MS);
    expect([steps, taken]).toEqual([1, []]);
    await vi.advanceTimersByTimeAsync(COUNT_REST_MS);
    expect([steps, taken]).toEqual([2, []]);
    await vi.advanceTimersByTimeAsync(COUNT_REST_MS);
    expect([steps, taken]).toEqual([3, [3]]);
    await vi.advanceTimersByTimeAsync(COUNT_EVERY_MS + 2 * COUNT_REST_MS);
    expect(taken).toEqual([3, 3]);
  });

  test('asks nothing more once it is ended, also in its middle', async () => {
    await vi.advanceTimersByTimeAsync(COUNT_EVERY_MS);
    stop();
    await vi.advanceTimersByTimeAsync(10 * COUNT_EVERY_MS);
    expect([steps, taken, warnings]).toEqual([1, [], []]);
  });

  test('that cannot be made is told once in a row, and tried on', async () => {
    fault = new DependencyDown('directory', 'the disk fails');
    await vi.advanceTimersByTimeAsync(5 * COUNT_EVERY_MS);
    expect(warnings).toHaveLength(1);
    fault = undefined;
    await vi.advanceTimersByTimeAsync(COUNT_EVERY_MS + 2 * COUNT_REST_MS);
    expect(taken).toEqual([3]);
    fault = new DependencyDown('directory', 'the disk fails');
    await vi.advanceTimersByTimeAsync(2 * COUNT_EVERY_MS);
    expect(warnings).toHaveLength(2);
  });
});
