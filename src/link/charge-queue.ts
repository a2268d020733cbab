import type { ChargeOutcome, CreditCharge, Refund } from '../domain/credits.ts';
import { DependencyDown } from '../ports.ts';
import { outcomeAt, takenAt, toChargeNumbers, toRefundNumbers } from './messages.ts';
import type { ChargeFailure, ToHub } from './messages.ts';

/** Charges on their way at once; further checks are answered as an outage of the credits rather than queued. */
export const CHARGES_IN_FLIGHT_MAX = 10_000;

interface WaitingCharge {
  readonly charge: CreditCharge;
  /** When its check waits no longer, on the monotonic clock. */
  readonly untilMs: number;
  readonly resolve: (outcome: ChargeOutcome) => void;
  readonly reject: (reason: Error) => void;
  /** Its check was answered without it. */
  isLate: boolean;
}

/** One message of charges on its way. It stays one, and counts as in flight, when its time is over: only an answer shows that the store has read it. */
interface Turn {
  readonly number: number;
  readonly waiting: readonly WaitingCharge[];
}

export interface ChargeQueueOptions {
  readonly post: (message: ToHub) => void;
  /** How long a charge may take before its check is answered without it, in milliseconds. */
  readonly chargeMs: number;
  /** The monotonic clock of the checks, in milliseconds. */
  readonly nowMs: () => number;
}

/** Gathers the charges of one turn of the loop into one message, and hands out what came of them. What comes too late is booked back. */
export class ChargeQueue {
  private readonly options: ChargeQueueOptions;
  private gathered: WaitingCharge[] = [];
  /** In the order in which they were sent, which is that of their answers: nearly always the first is the one that is looked for. */
  private readonly turns: Turn[] = [];
  private inFlight = 0;
  private lastTurn = 0;
  private lateCharges = 0;
  /** Messages of refunds that the other end has not taken yet. */
  private refundsSent = 0;
  private closed = false;
  /** Told when nothing is under way any more, or never will be answered. */
  private onEnd: (() => void) | undefined;
  /** One for all: set for the first that is due, left alone when that is answered, and set anew only for one that is due sooner. */
  private timer: NodeJS.Timeout | undefined;
  /** When it goes off, on the monotonic clock; Infinity where it is not set. */
  private timerMs = Infinity;

  constructor(options: ChargeQueueOptions) {
    this.options = options;
  }

  /** Rejects with `DependencyDown('credits')` where it is not known, or not known in time, that the charge was committed. */
  add(charge: CreditCharge, untilMs = Infinity): Promise<ChargeOutcome> {
    if (this.closed) return Promise.reject(down('the store is gone'));
    if (this.inFlight >= CHARGES_IN_FLIGHT_MAX) return Promise.reject(down('too many charges in flight'));
    const { chargeMs, nowMs } = this.options;
    const atMs = nowMs();
    if (untilMs <= atMs) return Promise.reject(down('the check waits no longer'));
    const endMs = Math.min(untilMs, atMs + chargeMs);
    this.inFlight += 1;
    return new Promise((resolve, reject) => {
      const size = this.gathered.push({ charge, untilMs: endMs, resolve, reject, isLate: false });
      if (size === 1) setImmediate(() => this.send());
    });
  }

  settle(turn: number, numbers: Float64Array): void {
    const refunds: Refund[] = [];
    for (const [index, waiting] of this.take(turn).entries()) {
      const outcome = outcomeAt(numbers, index);
      if (outcome === undefined) waiting.reject(new Error('a charge was not answered with its turn'));
      else if (outcome === 'balance_unknown') waiting.reject(down('what the account has is not known'));
      else if (!waiting.isLate) waiting.resolve(outcome);
      else if (outcome.result === 'charged') refunds.push(toRefund(waiting.charge, numbers, index));
    }
    this.sendBack(refunds);
    this.tellEnd();
  }

  fail(turn: number, cause: ChargeFailure): void {
    const reason =
      cause === 'outage'
        ? down('the charge was not committed')
        : new Error('a turn of charges failed for a bug');
    for (const { reject } of this.take(turn)) reject(reason);
    this.tellEnd();
  }

  /** The other end books what one message of refunds told. */
  refundTaken(): void {
    this.refundsSent -= 1;
    this.tellEnd();
  }

  /** True once no charge is under way and no refund on its way; false after that time, in milliseconds, and where the other end is gone before. Asked once. */
  settleAll(withinMs: number): Promise<boolean> {
    if (!this.isUnderWay) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.onEnd = undefined;
        resolve(!this.isUnderWay);
      };
      const timer = setTimeout(end, withinMs);
      this.onEnd = end;
      if (this.closed) end();
    });
  }

  /** The other end is gone: what is under way fails, and so does whatever is asked from now on. */
  close(): void {
    this.closed = true;
    this.rest();
    const sent = this.turns.splice(0).flatMap(({ waiting }) => waiting);
    for (const { reject } of [...sent, ...this.gathered.splice(0)]) reject(down('the store is gone'));
    this.onEnd?.();
  }

  /** Charges that were committed after their checks had been refused, and booked back, since the last call. */
  takeLateCharges(): number {
    const count = this.lateCharges;
    this.lateCharges = 0;
    return count;
  }

  private get isUnderWay(): boolean {
    return this.inFlight > 0 || this.refundsSent > 0;
  }

  private tellEnd(): void {
    if (!this.isUnderWay) this.onEnd?.();
  }

  private sendBack(refunds: readonly Refund[]): void {
    if (refunds.length === 0) return;
    this.lateCharges += refunds.length;
    this.refundsSent += 1;
    this.options.post({ kind: 'refund', refunds: toRefundNumbers(refunds) });
  }

  private send(): void {
    const waiting = this.gathered;
    if (waiting.length === 0) return;
    this.gathered = [];
    this.lastTurn += 1;
    this.turns.push({ number: this.lastTurn, waiting });
    const charges = toChargeNumbers(waiting.map(({ charge }) => charge));
    this.options.post({ kind: 'charge', turn: this.lastTurn, charges });
    this.wakeAt(earliest(waiting));
  }

  private take(turn: number): readonly WaitingCharge[] {
    const index = this.turns.findIndex(({ number }) => number === turn);
    if (index === -1) return [];
    const [sent] = this.turns.splice(index, 1);
    const waiting = sent?.waiting ?? [];
    this.inFlight -= waiting.length;
    return waiting;
  }

  private wakeAt(atMs: number): void {
    if (atMs >= this.timerMs) return;
    clearTimeout(this.timer);
    this.timerMs = atMs;
    // Some may be due by now.
    this.timer = setTimeout(() => this.expire(), Math.max(1, Math.ceil(atMs - this.options.nowMs())));
  }

  private expire(): void {
    // A clock that stands still, or timers that are a little early, must not leave anybody waiting.
    const dueMs = Math.max(this.timerMs, this.options.nowMs());
    this.rest();
    let nextMs = Infinity;
    for (const { waiting } of this.turns) {
      expireDue(waiting, dueMs);
      nextMs = Math.min(nextMs, earliest(waiting));
    }
    this.wakeAt(nextMs);
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.timerMs = Infinity;
  }
}

/** When the first of them is due that is not late yet; Infinity where all are. */
function earliest(waiting: readonly WaitingCharge[]): number {
  let earliestMs = Infinity;
  for (const { untilMs, isLate } of waiting) if (!isLate && untilMs < earliestMs) earliestMs = untilMs;
  return earliestMs;
}

function expireDue(waiting: readonly WaitingCharge[], dueMs: number): void {
  for (const each of waiting) {
    if (each.isLate || each.untilMs > dueMs) continue;
    each.isLate = true;
    each.reject(down('the store did not answer in time'));
  }
}

function toRefund({ accountRow, cost }: CreditCharge, numbers: Float64Array, index: number): Refund {
  const { fromPurchased, month } = takenAt(numbers, index);
  return { accountRow, fromAllowance: cost - fromPurchased, fromPurchased, month };
}

function down(reason: string): DependencyDown {
  return new DependencyDown('credits', reason);
}
