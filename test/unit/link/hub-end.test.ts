import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Refund } from '../../../src/domain/credits.ts';
import { FEED_START, FeedWriter } from '../../../src/domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../../../src/domain/feed.ts';
import type { Note } from '../../../src/domain/report.ts';
import { WindowWriter } from '../../../src/domain/window-batch.ts';
import type { WindowBatch } from '../../../src/domain/window-batch.ts';
import type { Channel } from '../../../src/link/channel.ts';
import { CONFIRM_WAITERS_MAX } from '../../../src/link/feed-pump.ts';
import { serveEdge, WATCH_INTERVAL_MS } from '../../../src/link/hub-end.ts';
import type { EdgeService } from '../../../src/link/hub-end.ts';
import type { ToEdge, ToHub } from '../../../src/link/messages.ts';
import { toChargeNumbers, toRefundNumbers } from '../../../src/link/messages.ts';
import { DependencyDown } from '../../../src/ports.ts';
import type { Keeper, KeptPage } from '../../../src/ports.ts';

const CHARGE = { accountRow: 1, keyRow: 1, cost: 1, allowance: 0, wallMs: 0 };

/** A store that has `seq` changes, and that fails while `down` says so. */
class FailingKeeper implements Keeper {
  seq = 0;
  down: Error | undefined;
  bookingDown: Error | undefined;
  onTidy: () => void = () => undefined;
  changed = false;
  readonly booked: Refund[] = [];
  readonly kept: WindowBatch[] = [];
  private wake: () => void = () => undefined;

  read(after: FeedCursor): FeedBatch | undefined {
    if (this.down !== undefined) throw this.down;
    if (after.phase === 'changes' && after.seq >= this.seq) return undefined;
    return new FeedWriter().batch({ phase: 'changes', row: 0, seq: this.seq }, true);
  }

  charge(): readonly [] {
    if (this.down !== undefined) throw this.down;
    return [];
  }

  bookCharges(): void {
    if (this.bookingDown !== undefined) throw this.bookingDown;
    this.onTidy();
  }

  refund(refunds: readonly Refund[]): void {
    if (this.down !== undefined) throw this.down;
    this.booked.push(...refunds);
  }

  keepWindows(windows: WindowBatch): void {
    if (this.down !== undefined) throw this.down;
    this.kept.push(windows);
  }

  loadWindows(from: number): KeptPage | undefined {
    if (this.down !== undefined) throw this.down;
    const [windows] = this.kept.slice(from);
    return windows && { windows, next: from + 1 };
  }

  onChange(wake: () => void): void {
    this.wake = wake;
  }

  changedElsewhere(): boolean {
    if (this.down !== undefined) throw this.down;
    const changed = this.changed;
    this.changed = false;
    return changed;
  }

  commit(): void {
    this.seq += 1;
    this.wake();
  }
}

describe('serving an edge', () => {
  let keeper: FailingKeeper;
  let posted: ToEdge[];
  let notes: Note[];
  let say: (message: ToHub) => void;
  let hangUp: () => void;
  let service: EdgeService;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    keeper = new FailingKeeper();
    posted = [];
    notes = [];
    const channel: Channel = {
      post: (message) => posted.push(message as ToEdge),
      onMessage: (receive) => (say = receive),
      onClose: (closed) => (hangUp = closed),
      close: () => undefined,
    };
    service = serveEdge({ channel, keeper, onNote: (note) => notes.push(note) });
  });

  afterEach(() => {
    service.stop();
    vi.useRealTimers();
  });

  const batches = (): readonly FeedBatch[] =>
    posted.flatMap((message) => (message.kind === 'batch' ? [message.batch] : []));

  function confirm(): void {
    say({ kind: 'confirm', cursor: batches().at(-1)?.cursor ?? FEED_START });
  }

  function breakDown(): void {
    keeper.down = new DependencyDown('directory', 'the disk fails');
  }

  test('a store that cannot be read neither ends the thread nor loses the change: it is sent once the store is well', () => {
    say({ kind: 'follow' });
    confirm();
    breakDown();
    expect(() => keeper.commit()).not.toThrow();
    vi.advanceTimersByTime(3 * WATCH_INTERVAL_MS);
    expect(batches()).toHaveLength(1);
    keeper.down = undefined;
    vi.advanceTimersByTime(WATCH_INTERVAL_MS);
    expect(batches().at(-1)?.cursor.seq).toBe(1);
  });

  test('a snapshot that failed is begun again', () => {
    breakDown();
    say({ kind: 'follow' });
    keeper.down = undefined;
    vi.advanceTimersByTime(WATCH_INTERVAL_MS);
    expect(batches()).toHaveLength(1);
  });

  test('an outage is told when it begins and when it ends, however often the store was asked', () => {
    say({ kind: 'follow' });
    confirm();
    breakDown();
    keeper.commit();
    vi.advanceTimersByTime(100 * WATCH_INTERVAL_MS);
    expect(notes.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: reading the feed fails',
    ]);
    keeper.down = undefined;
    vi.advanceTimersByTime(WATCH_INTERVAL_MS);
    expect(notes.slice(1)).toEqual([
      { level: 'warn', message: 'reading the feed works again', fields: { failures: 101 } },
    ]);
  });

  test('while the store cannot be read, no change beyond is confirmed', async () => {
    say({ kind: 'follow' });
    confirm();
    expect(await service.confirmed(0, 10)).toBe(true);
    breakDown();
    keeper.commit();
    const inVain = service.confirmed(1, 1_000);
    vi.advanceTimersByTime(1_000);
    expect(await inVain).toBe(false);
    const caughtUp = service.confirmed(1, 1_000);
    keeper.down = undefined;
    vi.advanceTimersByTime(WATCH_INTERVAL_MS);
    confirm();
    expect(await caughtUp).toBe(true);
  });

  test('a change is confirmed also while others go on being made', async () => {
    say({ kind: 'follow' });
    confirm();
    keeper.commit();
    const asked = service.confirmed(1, 1_000);
    keeper.commit();
    confirm();
    expect(await asked).toBe(true);
  });

  test('a change is confirmed when the edge has said so, not when it was sent', async () => {
    say({ kind: 'follow' });
    confirm();
    keeper.commit();
    let confirmed: boolean | undefined;
    const asked = service.confirmed(1, 1_000).then((met) => (confirmed = met));
    await Promise.resolve();
    expect(confirmed).toBeUndefined();
    confirm();
    await asked;
    expect(confirmed).toBe(true);
  });

  test('after its stop nothing is confirmed, and no timer is left', async () => {
    say({ kind: 'follow' });
    confirm();
    keeper.commit();
    const asked = service.confirmed(1, 1_000);
    service.stop();
    expect(await asked).toBe(false);
    expect(await service.confirmed(0, 1_000)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('the edge’s end stops the service', async () => {
    say({ kind: 'follow' });
    const asked = service.confirmed(1, 1_000);
    hangUp();
    expect(await asked).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('one waiter more than CONFIRM_WAITERS_MAX is told false at once', async () => {
    say({ kind: 'follow' });
    for (let asked = 0; asked < CONFIRM_WAITERS_MAX; asked += 1) void service.confirmed(9, 1_000);
    expect(await service.confirmed(9, 1_000)).toBe(false);
  });

  test('what is confirmed without having been sent changes nothing', async () => {
    say({ kind: 'confirm', cursor: { phase: 'changes', row: 0, seq: 99 } });
    say({ kind: 'follow' });
    confirm();
    say({ kind: 'confirm', cursor: { phase: 'changes', row: 0, seq: 99 } });
    const asked = service.confirmed(99, 10);
    vi.advanceTimersByTime(10);
    expect(await asked).toBe(false);
  });

  test('a second follow goes on as before', () => {
    say({ kind: 'follow' });
    say({ kind: 'follow' });
    expect(batches()).toHaveLength(1);
  });

  test('a turn of charges fails as an outage where the store is down and as a bug otherwise; each kind of failure is told once in a row', () => {
    const charges = toChargeNumbers([CHARGE]);
    breakDown();
    say({ kind: 'charge', turn: 1, charges });
    say({ kind: 'charge', turn: 2, charges });
    keeper.down = new RangeError('a charge costs at least one credit');
    say({ kind: 'charge', turn: 3, charges });
    keeper.down = undefined;
    say({ kind: 'charge', turn: 4, charges });
    expect(
      posted.map((message) => (message.kind === 'charge_failed' ? message.cause : message.kind)),
    ).toEqual(['outage', 'outage', 'bug', 'charged']);
    expect(notes.map(({ message }) => message)).toEqual([
      'committing charges fails',
      'committing charges fails',
      'committing charges works again',
    ]);
  });

  test('the store tidies up behind every turn of charges, when that has been answered', () => {
    const answered: number[] = [];
    keeper.onTidy = () => answered.push(posted.length);
    for (const turn of [1, 2]) say({ kind: 'charge', turn, charges: toChargeNumbers([CHARGE]) });
    expect(answered).toEqual([1, 2]);
  });

  test('a store that cannot tidy up answers all the same, and that is told once', () => {
    keeper.bookingDown = new DependencyDown('credits', 'the disk fails');
    for (const turn of [1, 2]) say({ kind: 'charge', turn, charges: toChargeNumbers([CHARGE]) });
    keeper.bookingDown = undefined;
    say({ kind: 'charge', turn: 3, charges: toChargeNumbers([CHARGE]) });
    expect(posted.map(({ kind }) => kind)).toEqual(['charged', 'charged', 'charged']);
    expect(notes.map(({ message }) => message)).toEqual([
      'booking charges fails',
      'booking charges works again',
    ]);
  });

  describe('windows', () => {
    const windows = new WindowWriter().take({ counterMs: 7, wallMs: 8 });
    const kinds = () => posted.map(({ kind }) => kind);

    test('are kept, and handed back page by page to whoever asks', () => {
      say({ kind: 'keep', windows });
      say({ kind: 'load', from: 0 });
      say({ kind: 'load', from: 1 });
      expect(posted).toEqual([
        { kind: 'kept' },
        { kind: 'loaded', page: { windows, next: 1 } },
        { kind: 'loaded', page: undefined },
      ]);
    });

    test('that are not kept are refused, whether the store is down or a bug was it, and that is told once', () => {
      breakDown();
      say({ kind: 'keep', windows });
      say({ kind: 'load', from: 0 });
      keeper.down = undefined;
      say({ kind: 'keep', windows });
      keeper.down = new RangeError('no such window');
      expect(() => say({ kind: 'keep', windows })).not.toThrow();
      expect(kinds()).toEqual(['windows_failed', 'windows_failed', 'kept', 'windows_failed']);
      expect(notes.map(({ message }) => message)).toEqual([
        'keeping windows fails',
        'keeping windows works again',
        'keeping windows fails',
      ]);
    });
  });

  describe('a refund', () => {
    const refund: Refund = { accountRow: 1, fromAllowance: 2, fromPurchased: 3, month: 4 };
    const ask = () => say({ kind: 'refund', refunds: toRefundNumbers([refund]) });

    test('waits for a store that is down, and is booked once when it is well', () => {
      breakDown();
      ask();
      vi.advanceTimersByTime(10 * WATCH_INTERVAL_MS);
      keeper.down = undefined;
      vi.advanceTimersByTime(10 * WATCH_INTERVAL_MS);
      expect(keeper.booked).toEqual([refund]);
    });

    test('is taken, and the edge told so, whether or not it can be booked yet', () => {
      breakDown();
      ask();
      expect(posted).toEqual([{ kind: 'refund_taken' }]);
    });

    test('is tried once more when the service stops', () => {
      breakDown();
      ask();
      keeper.down = undefined;
      service.stop();
      expect(keeper.booked).toEqual([refund]);
    });

    test('that cannot be booked when the service stops is lost, and told once', () => {
      breakDown();
      ask();
      service.stop();
      service.stop();
      expect(notes.filter(({ message }) => message === 'late charges were not booked back')).toEqual([
        { level: 'error', message: 'late charges were not booked back', fields: { count: 1 } },
      ]);
    });

    test('that fails for a bug is given up, and told', () => {
      keeper.down = new RangeError('no such account');
      ask();
      keeper.down = undefined;
      vi.advanceTimersByTime(10 * WATCH_INTERVAL_MS);
      expect(keeper.booked).toEqual([]);
      expect(notes.map(({ level, message }) => `${level}: ${message}`)).toContain(
        'error: late charges were not booked back',
      );
    });
  });
});
