import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WindowWriter } from '../../../src/domain/window-batch.ts';
import type { WindowBatch } from '../../../src/domain/window-batch.ts';
import type { ToHub } from '../../../src/link/messages.ts';
import { WINDOWS_ANSWER_MS, WindowAsks } from '../../../src/link/window-asks.ts';

const BATCH = new WindowWriter().take({ counterMs: 1, wallMs: 2 });
const DOWN = { name: 'DependencyDown', dependency: 'limits' };

describe('asking the store about windows', () => {
  let posted: ToHub[];
  let asks: WindowAsks;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    posted = [];
    asks = new WindowAsks((message) => posted.push(message));
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test('is answered by what came of it', async () => {
    const kept = asks.keep(BATCH);
    asks.receive({ kind: 'kept' });
    await kept;
    const failed = asks.keep(BATCH);
    asks.receive({ kind: 'windows_failed' });
    await expect(failed).rejects.toMatchObject(DOWN);
    expect(posted).toEqual([
      { kind: 'keep', windows: BATCH },
      { kind: 'keep', windows: BATCH },
    ]);
  });

  test('loads page after page, from where each says, to the last', async () => {
    const restored: WindowBatch[] = [];
    const loaded = asks.load((windows) => restored.push(windows));
    for (const next of [7, 9, undefined]) {
      asks.receive({ kind: 'loaded', page: { windows: BATCH, next } });
      await Promise.resolve();
      await new Promise(setImmediate);
    }
    await loaded;
    expect(posted).toEqual([0, 7, 9].map((from) => ({ kind: 'load', from })));
    expect(restored).toHaveLength(3);
  });

  test('has asked for the next page when one is restored, and says why that failed', async () => {
    const bug = new RangeError('restored twice');
    const loaded = asks.load(() => {
      expect(posted).toHaveLength(2);
      throw bug;
    });
    asks.receive({ kind: 'loaded', page: { windows: BATCH, next: 7 } });
    await expect(loaded).rejects.toBe(bug);
    asks.receive({ kind: 'windows_failed' });
    await new Promise(setImmediate);
  });

  test('loads nothing where nothing was kept', async () => {
    const loaded = asks.load(() => expect.fail());
    asks.receive({ kind: 'loaded', page: undefined });
    await loaded;
  });

  test('ends after WINDOWS_ANSWER_MS; until the store has answered all the same, nothing more is sent to it', async () => {
    const kept = asks.keep(BATCH);
    vi.advanceTimersByTime(WINDOWS_ANSWER_MS);
    await expect(kept).rejects.toMatchObject(DOWN);
    await expect(asks.keep(BATCH)).rejects.toMatchObject(DOWN);
    expect(posted).toHaveLength(1);
    asks.receive({ kind: 'kept' });
    const again = asks.keep(BATCH);
    asks.receive({ kind: 'kept' });
    await again;
    expect(posted).toHaveLength(2);
  });

  test('ends when the other end is gone, and so does what is asked later', async () => {
    const kept = asks.keep(BATCH);
    asks.close();
    await expect(kept).rejects.toMatchObject(DOWN);
    await expect(asks.load(() => expect.fail())).rejects.toMatchObject(DOWN);
    expect(posted).toHaveLength(1);
  });

  test('an answer to nothing changes nothing', async () => {
    asks.receive({ kind: 'kept' });
    const kept = asks.keep(BATCH);
    asks.receive({ kind: 'kept' });
    await kept;
  });
});
