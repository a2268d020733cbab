import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CreditCharge, Refund } from '../../../src/domain/credits.ts';
import type { Note } from '../../../src/domain/report.ts';
import { ChargeQueue } from '../../../src/link/charge-queue.ts';
import { fromRefundNumbers, toOutcomeNumbers, toRefundNumbers } from '../../../src/link/messages.ts';
import type { ToHub } from '../../../src/link/messages.ts';
import { Refunds, REFUNDS_WAITING_MAX } from '../../../src/link/refunds.ts';
import { DependencyDown } from '../../../src/ports.ts';

const BUDGET_MS = 120;
const MONTH = 24_323;
const CHARGE: CreditCharge = { accountRow: 3, keyRow: 5, cost: 9, allowance: 500, wallMs: 1_763_812_800_123 };

const nowMs = (): number => performance.now();

describe('a charge that comes too late', () => {
  let posted: ToHub[];
  let queue: ChargeQueue;

  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
    });
    posted = [];
    queue = new ChargeQueue({ post: (message) => posted.push(message), chargeMs: BUDGET_MS, nowMs });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** `charged` or the reason why not, once it is there. */
  function add(withinMs = Infinity): { readonly end: () => string; readonly ended: Promise<string> } {
    let end = 'waiting';
    const ended = queue.add(CHARGE, nowMs() + withinMs).then(
      ({ result }) => (end = result),
      (error: unknown) => (end = String(error)),
    );
    return { end: () => end, ended };
  }

  function refunds(): readonly Refund[] {
    return posted.flatMap((message) => (message.kind === 'refund' ? fromRefundNumbers(message.refunds) : []));
  }

  function settle(...fromPurchased: readonly number[]): void {
    const outcomes = fromPurchased.map(
      (part) => ({ result: 'charged', remaining: 1, fromPurchased: part, month: MONTH }) as const,
    );
    queue.settle(1, toOutcomeNumbers(outcomes));
  }

  test('is booked back to where it was taken from, behind the charge on the same channel', async () => {
    const [first, second] = [add(), add()];
    await vi.advanceTimersByTimeAsync(BUDGET_MS);
    expect(await first.ended).toContain('credits: the store did not answer in time');
    await second.ended;
    settle(0, 4);
    const { accountRow } = CHARGE;
    expect(refunds()).toEqual([
      { accountRow, fromAllowance: 9, fromPurchased: 0, month: MONTH },
      { accountRow, fromAllowance: 5, fromPurchased: 4, month: MONTH },
    ]);
    expect(posted.map(({ kind }) => kind)).toEqual(['charge', 'refund']);
  });

  test('is booked back once', async () => {
    add();
    await vi.advanceTimersByTimeAsync(BUDGET_MS);
    settle(0);
    settle(0);
    expect(refunds()).toHaveLength(1);
  });

  test('is not booked back where nothing was charged', async () => {
    add();
    add();
    await vi.advanceTimersByTimeAsync(BUDGET_MS);
    const outcome = { remaining: 1, fromPurchased: 0, month: 0 };
    queue.settle(
      1,
      toOutcomeNumbers([
        { ...outcome, result: 'insufficient' },
        { ...outcome, result: 'key_gone' },
      ]),
    );
    expect(posted.map(({ kind }) => kind)).toEqual(['charge']);
  });

  test('keeps the queue unsettled until its refund is taken, or the time is over', async () => {
    const within = (ms: number): { readonly end: () => boolean | undefined } => {
      let end: boolean | undefined;
      void queue.settleAll(ms).then((settled) => (end = settled));
      return { end: () => end };
    };
    add();
    await vi.advanceTimersByTimeAsync(BUDGET_MS);
    const hasty = within(1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(hasty.end()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(hasty.end()).toBe(false);
    const patient = within(1_000);
    settle(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(patient.end()).toBeUndefined();
    queue.refundTaken();
    await vi.advanceTimersByTimeAsync(0);
    expect(patient.end()).toBe(true);
    expect(await queue.settleAll(1_000)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that was due before it was sent is given up at once, and no timer is set into the past', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const { end } = add(10);
    vi.spyOn(performance, 'now').mockReturnValue(nowMs() + 40);
    await vi.advanceTimersByTimeAsync(1);
    expect(end()).toContain('did not answer in time');
    expect(set.mock.calls.map(([, ms = 0]) => ms)).toEqual([1]);
    vi.restoreAllMocks();
  });

  test('of a turn leaves those that are in time: each waits as long as its own check', async () => {
    const [hasty, patient] = [add(30), add()];
    await vi.advanceTimersByTimeAsync(29);
    expect(hasty.end()).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect([hasty.end(), patient.end()]).toEqual([
      'DependencyDown: credits: the store did not answer in time',
      'waiting',
    ]);
    settle(1, 2);
    expect(await patient.ended).toBe('charged');
    expect(refunds().map(({ fromPurchased }) => fromPurchased)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(BUDGET_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([Infinity, 10_000])(
    'never waits longer than the budget, though its gateway would for %i ms',
    async (ms) => {
      const { end } = add(ms);
      await vi.advanceTimersByTimeAsync(BUDGET_MS);
      expect(end()).toContain('did not answer in time');
    },
  );
});

describe('refunds', () => {
  const REFUND: Refund = { accountRow: 1, fromAllowance: 2, fromPurchased: 3, month: 4 };
  let booked: (readonly Refund[])[];
  let fault: Error | undefined;
  let notes: Note[];
  let refunds: Refunds;

  beforeEach(() => {
    [booked, notes, fault] = [[], [], undefined];
    const refund = (batch: readonly Refund[]): void => {
      if (fault !== undefined) throw fault;
      booked.push(batch);
    };
    refunds = new Refunds({ refund }, (note) => notes.push(note));
  });

  test('cross the link whole', () => {
    expect(fromRefundNumbers(toRefundNumbers([REFUND, { ...REFUND, accountRow: 7 }]))).toEqual([
      REFUND,
      { ...REFUND, accountRow: 7 },
    ]);
  });

  test('wait where the store is down and are booked once it is well, each once', () => {
    fault = new DependencyDown('credits', 'the disk is full');
    refunds.add([REFUND]);
    refunds.book();
    expect(booked).toEqual([]);
    fault = undefined;
    refunds.add([{ ...REFUND, accountRow: 2 }]);
    refunds.book();
    expect(booked).toEqual([[REFUND, { ...REFUND, accountRow: 2 }]]);
    expect(notes.map(({ message }) => message)).toEqual([
      'booking late charges back fails',
      'booking late charges back works again',
    ]);
  });

  test('beyond REFUNDS_WAITING_MAX are lost, and the log says how many', () => {
    fault = new DependencyDown('credits', 'the disk is full');
    refunds.add(Array.from({ length: REFUNDS_WAITING_MAX }, () => REFUND));
    refunds.add([REFUND, REFUND]);
    fault = undefined;
    refunds.book();
    expect(booked.map((batch) => batch.length)).toEqual([REFUNDS_WAITING_MAX]);
    expect(notes).toContainEqual({
      level: 'error',
      message: 'late charges were not booked back',
      fields: { count: 2 },
    });
  });

  test('that fail for a bug are told and not tried for ever', () => {
    fault = new RangeError('negative');
    refunds.add([REFUND]);
    fault = undefined;
    refunds.book();
    expect(booked).toEqual([]);
    expect(notes.map(({ message, fields }) => [message, fields['count']])).toContainEqual([
      'late charges were not booked back',
      1,
    ]);
  });
});
