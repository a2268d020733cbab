import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChargeReceipt, CreditCharge } from '../../../src/domain/credits.ts';
import { ChargeQueue, CHARGES_IN_FLIGHT_MAX } from '../../../src/link/charge-queue.ts';
import { fromChargeNumbers, fromRefundNumbers, toOutcomeNumbers } from '../../../src/link/messages.ts';
import type { ToHub } from '../../../src/link/messages.ts';

const CHARGE_MS = 120;
const MONTH = 24_323;
const nowMs = (): number => performance.now();
const CHARGE: CreditCharge = { accountRow: 3, keyRow: 5, cost: 2, allowance: 500, wallMs: 1_763_812_800_123 };

describe('the queue of charges', () => {
  let posted: ToHub[];
  let queue: ChargeQueue;

  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
    });
    posted = [];
    queue = new ChargeQueue({ post: (message) => posted.push(message), chargeMs: CHARGE_MS, nowMs });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('sends the charges of one turn as one message, whole', () => {
    void queue.add(CHARGE);
    void queue.add({ ...CHARGE, cost: 7 });
    expect(posted).toEqual([]);
    nextTurn();
    const [message] = posted;
    expect(posted).toHaveLength(1);
    expect(message?.kind === 'charge' && fromChargeNumbers(message.charges)).toEqual([
      CHARGE,
      { ...CHARGE, cost: 7 },
    ]);
  });

  test('answers a turn by its number, so that one lost answer moves no other', async () => {
    const lost = reasonOf(queue.add(CHARGE));
    nextTurn();
    const second = queue.add(CHARGE);
    nextTurn();
    queue.settle(2, answers(['insufficient']));
    expect(await second).toEqual({ result: 'insufficient', remaining: 0 });
    vi.advanceTimersByTime(CHARGE_MS);
    expect(await lost).toContain('credits: the store did not answer in time');
  });

  test('gives a charge up when its time is over, and not a moment before', async () => {
    let ended = false;
    const charge = reasonOf(queue.add(CHARGE)).finally(() => (ended = true));
    nextTurn();
    await vi.advanceTimersByTimeAsync(CHARGE_MS - 1);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await charge).toBe('DependencyDown: credits: the store did not answer in time');
  });

  test('books back what was committed too late, to where it came from, and counts it once', async () => {
    const charges = [CHARGE, CHARGE, { ...CHARGE, accountRow: 4, cost: 5 }].map((charge) =>
      reasonOf(queue.add(charge)),
    );
    nextTurn();
    vi.advanceTimersByTime(CHARGE_MS);
    await Promise.all(charges);
    queue.settle(1, answers(['charged', 'insufficient', 'charged']));
    const [, refund] = posted;
    expect(refund?.kind === 'refund' && fromRefundNumbers(refund.refunds)).toEqual([
      { accountRow: 3, fromAllowance: 1, fromPurchased: 1, month: MONTH },
      { accountRow: 4, fromAllowance: 4, fromPurchased: 1, month: MONTH },
    ]);
    expect(queue.takeLateCharges()).toBe(2);
    expect(queue.takeLateCharges()).toBe(0);
  });

  test('waits no longer than each check can, and books back for the impatient one alone', async () => {
    const impatient = reasonOf(queue.add(CHARGE, nowMs() + 10));
    const patient = queue.add(CHARGE, nowMs() + 1_000_000);
    nextTurn();
    vi.advanceTimersByTime(10);
    expect(await impatient).toContain('the store did not answer in time');
    queue.settle(1, answers(['charged', 'charged']));
    expect(await patient).toEqual({ result: 'charged', remaining: 1 });
    expect(posted.map(({ kind }) => kind)).toEqual(['charge', 'refund']);
    expect(queue.takeLateCharges()).toBe(1);
  });

  test('is not sent where its check waits no longer: what the check waited for before is gone from its time', async () => {
    const untilMs = nowMs() + 10;
    vi.advanceTimersByTime(10);
    expect(await reasonOf(queue.add(CHARGE, untilMs))).toBe(
      'DependencyDown: credits: the check waits no longer',
    );
    nextTurn();
    expect(posted).toEqual([]);
    vi.advanceTimersByTime(CHARGE_MS);
    expect(await reasonOf(queue.add(CHARGE, -Infinity))).toContain('the check waits no longer');
  });

  test('each is given up at its own time, whatever is asked and answered in between', async () => {
    const times = [40, 25, 200, 60, 25];
    const ends: (readonly [number, string])[] = [];
    const charges = times.map((withinMs, index) => {
      const charge = queue.add(CHARGE, nowMs() + withinMs);
      nextTurn();
      if (index === 3) queue.settle(4, answers(['charged']));
      return reasonOf(charge).then((reason) => void ends.push([nowMs(), String(reason)]));
    });
    const begunMs = nowMs();
    await vi.advanceTimersByTimeAsync(2 * CHARGE_MS);
    await Promise.all(charges);
    expect(ends.map(([atMs, reason]) => [atMs - begunMs, reason === 'fulfilled'])).toEqual([
      [0, true],
      [25, false],
      [25, false],
      [40, false],
      [CHARGE_MS, false],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits no longer by a clock that stands still, as a test’s may', async () => {
    queue = new ChargeQueue({ post: (message) => posted.push(message), chargeMs: CHARGE_MS, nowMs: () => 7 });
    const charge = reasonOf(queue.add(CHARGE));
    nextTurn();
    vi.advanceTimersByTime(CHARGE_MS);
    expect(await charge).toContain('the store did not answer in time');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('sets one timer for all charges of a time, answered ones among them, and none when nothing waits', async () => {
    for (let turn = 1; turn <= 20; turn += 1) {
      const charge = queue.add(CHARGE);
      nextTurn();
      expect(vi.getTimerCount()).toBe(1);
      queue.settle(turn, answers(['charged']));
      await charge;
      await vi.advanceTimersByTimeAsync(CHARGE_MS / 10);
    }
    await vi.advanceTimersByTimeAsync(CHARGE_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps what was given up in flight until the store has answered: a store that hangs gathers no more than the bound', async () => {
    const all = Array.from({ length: CHARGES_IN_FLIGHT_MAX }, () => reasonOf(queue.add(CHARGE)));
    nextTurn();
    vi.advanceTimersByTime(CHARGE_MS);
    await Promise.all(all);
    expect(await reasonOf(queue.add(CHARGE))).toContain('too many charges in flight');
    queue.fail(1, 'outage');
    const next = queue.add(CHARGE);
    nextTurn();
    queue.settle(2, answers(['charged']));
    expect(await next).toEqual({ result: 'charged', remaining: 0 });
    expect(posted).toHaveLength(2);
  });

  test('a failed turn is an outage where the store says so and a bug otherwise', async () => {
    const outage = reasonOf(queue.add(CHARGE));
    nextTurn();
    const bug = reasonOf(queue.add(CHARGE));
    nextTurn();
    queue.fail(1, 'outage');
    queue.fail(2, 'bug');
    expect(await outage).toBe('DependencyDown: credits: the charge was not committed');
    expect(await bug).toBe('Error: a turn of charges failed for a bug');
  });

  test('a charge without an outcome is never taken for charged', async () => {
    const [first, second] = [queue.add(CHARGE), reasonOf(queue.add(CHARGE))];
    nextTurn();
    queue.settle(1, answers(['charged']));
    expect(await first).toMatchObject({ result: 'charged' });
    expect(await second).toContain('not answered');
  });

  test('an outcome that is no word of ours is never taken for charged', async () => {
    const charges = [Number.NaN, -1, 5, 0.5].map(async (result) => {
      const charge = queue.add(CHARGE);
      nextTurn();
      queue.settle(posted.length, Float64Array.of(result, 0, 0, 0));
      return (await charge).result;
    });
    for (const result of await Promise.all(charges)) expect(result).toBe('account_gone');
  });

  test('an account of which the store does not know what it has is an outage, and nothing is booked back', async () => {
    const [waiting, late] = [reasonOf(queue.add(CHARGE)), reasonOf(queue.add(CHARGE, nowMs() + 1))];
    nextTurn();
    await vi.advanceTimersByTimeAsync(1);
    queue.settle(1, answers(['balance_unknown', 'balance_unknown']));
    expect(await waiting).toBe('DependencyDown: credits: what the account has is not known');
    expect(await late).toContain('did not answer in time');
    expect(posted.map(({ kind }) => kind)).toEqual(['charge']);
  });

  test('when the store is gone, all charges end and no timer is left', async () => {
    const sent = reasonOf(queue.add(CHARGE));
    nextTurn();
    const gathered = reasonOf(queue.add(CHARGE));
    queue.close();
    const later = reasonOf(queue.add(CHARGE));
    for (const end of [sent, gathered, later]) expect(await end).toContain('credits: the store is gone');
    vi.advanceTimersByTime(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(posted).toHaveLength(1);
  });
});

function nextTurn(): void {
  vi.advanceTimersByTime(0);
}

/** Of what was charged, one credit was a purchased one. */
function answers(results: readonly ChargeReceipt['result'][]): Float64Array {
  return toOutcomeNumbers(
    results.map((result, index) => ({
      result,
      remaining: index,
      fromPurchased: result === 'charged' ? 1 : 0,
      month: result === 'charged' ? MONTH : 0,
    })),
  );
}

function reasonOf(charge: Promise<unknown>): Promise<unknown> {
  return charge.then(
    () => 'fulfilled',
    (error: unknown) => String(error),
  );
}
