import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  CHECKPOINT_INTERVAL_MS,
  RESTART_AFTER_STEPS,
  RESTART_PAUSE_MS,
  startCheckpoints,
} from '../../../src/compose/checkpoints.ts';
import { WAL_RESTART_BYTES } from '../../../src/hub/store/sqlite/checkpoint.ts';

describe('checkpoints', () => {
  let walBytes: number;
  let complete: boolean;
  let moved: number;
  let restarts: number;
  let fault: Error | undefined;
  let warnings: string[];
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    [walBytes, complete, moved, restarts, fault, warnings] = [0, true, 0, 0, undefined, []];
    stop = startCheckpoints({
      reader: {
        checkpoint() {
          if (fault !== undefined) throw fault;
          moved += 1;
          return { walBytes, complete };
        },
      },
      store: {
        async restartLog() {
          restarts += 1;
        },
      },
      log: { error() {}, warn: (message) => warnings.push(message), info() {}, debug() {} },
    });
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  test('move pages again and again, and leave the writer alone while its log is short', async () => {
    walBytes = WAL_RESTART_BYTES;
    await vi.advanceTimersByTimeAsync(50 * CHECKPOINT_INTERVAL_MS);
    expect([moved, restarts]).toEqual([50, 0]);
  });

  test('hold the writer up for a log that is too long and does not begin anew by itself, and not again within a minute', async () => {
    walBytes = WAL_RESTART_BYTES + 1;
    await vi.advanceTimersByTimeAsync((RESTART_AFTER_STEPS - 1) * CHECKPOINT_INTERVAL_MS);
    expect(restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(CHECKPOINT_INTERVAL_MS);
    expect(restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(RESTART_PAUSE_MS - CHECKPOINT_INTERVAL_MS);
    expect(restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(CHECKPOINT_INTERVAL_MS);
    expect(restarts).toBe(2);
  });

  test('never hold the writer up while a reader keeps pages from being moved: it would wait for that reader', async () => {
    [walBytes, complete] = [WAL_RESTART_BYTES + 1, false];
    await vi.advanceTimersByTimeAsync(2 * RESTART_PAUSE_MS);
    expect(restarts).toBe(0);
    complete = true;
    await vi.advanceTimersByTimeAsync(RESTART_AFTER_STEPS * CHECKPOINT_INTERVAL_MS);
    expect(restarts).toBe(1);
  });

  test('a disk that fails is told once in a row, and tried on', async () => {
    fault = new Error('the disk fails');
    await vi.advanceTimersByTimeAsync(100 * CHECKPOINT_INTERVAL_MS);
    expect(warnings).toHaveLength(1);
    fault = undefined;
    await vi.advanceTimersByTimeAsync(CHECKPOINT_INTERVAL_MS);
    expect(moved).toBe(1);
    fault = new Error('again');
    await vi.advanceTimersByTimeAsync(CHECKPOINT_INTERVAL_MS);
    expect(warnings).toHaveLength(2);
  });

  test('end when told to', async () => {
    stop();
    await vi.advanceTimersByTimeAsync(10 * CHECKPOINT_INTERVAL_MS);
    expect(moved).toBe(0);
  });
});
