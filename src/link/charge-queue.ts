import type { ChargeOutcome, ChargeReceipt, CreditCharge, Refund } from '../domain/credits.ts';
import { DependencyDown } from '../ports.ts';
import { fromOutcomeNumbers, toChargeNumbers, toRefundNumbers } from './messages.ts';
import type { ChargeFailure, ToHub } from './messages.ts';

/** Charges on their way at once; further checks are answered as an outage of the credits rather than queued. */
export const CHARGES_IN_FLIGHT_MAX = 10_000;

interface WaitingCharge {
  readonly charge: CreditCharge;
  /** How long its check waits for it. */
  readonly withinMs: number;
  readonly resolve: (outcome: ChargeOutcome) => void;
  readonly reject: (reason: Error) => void;
  /** Its check was answered without it. */
  late: boolean;
}

/** One message of charges on its way. It stays one, and counts as in flight, when its time is over: only an answer shows that the store has read it. */
interface Turn {
  readonly waiting: readonly WaitingCharge[];
  /** One for each time that its charges may take: nearly always a single one. */
  readonly timers: readonly NodeJS.Timeout[];
}

export interface ChargeQueueOptions {
  readonly post: (message: ToHub) => void;
  /** How long a charge may take before its check is answered without it, in milliseconds. */
  readonly chargeMs: number;
}

/** Gathers the charges of one turn of the loop into one message, and hands out what came of them. What comes too late is booked back. */
export class ChargeQueue {
  private readonly post: (message: ToHub) => void;
  private readonly chargeMs: number;
  private gathered: WaitingCharge[] = [];
  private readonly turns = new Map<number, Turn>();
  private inFlight = 0;
  private lastTurn = 0;
  private lateCharges = 0;
  private closed = false;

  constructor({ post, chargeMs }: ChargeQueueOptions) {
    this.post = post;
    this.chargeMs = chargeMs;
  }

  /** Rejects with `DependencyDown('credits')` where it is not known, or not known in time, that the charge was committed. */
  add(charge: CreditCharge, withinMs = Infinity): Promise<ChargeOutcome> {
    if (this.closed) return Promise.reject(down('the store is gone'));
    if (this.inFlight >= CHARGES_IN_FLIGHT_MAX) return Promise.reject(down('too many charges in flight'));
    this.inFlight += 1;
    const timeMs = Math.max(0, Math.min(this.chargeMs, withinMs));
    return new Promise((resolve, reject) => {
      const size = this.gathered.push({ charge, withinMs: timeMs, resolve, reject, late: false });
      if (size === 1) setImmediate(() => this.send());
    });
  }

  settle(turn: number, numbers: Float64Array): void {
    const receipts = fromOutcomeNumbers(numbers);
    const refunds: Refund[] = [];
    for (const [index, waiting] of this.take(turn).entries()) {
      const receipt = receipts[index];
      if (receipt === undefined) waiting.reject(new Error('a charge was not answered with its turn'));
      else if (waiting.late && receipt.result === 'charged') refunds.push(toRefund(waiting.charge, receipt));
      else waiting.resolve({ result: receipt.result, remaining: receipt.remaining });
    }
    if (refunds.length === 0) return;
    this.lateCharges += refunds.length;
    this.post({ kind: 'refund', refunds: toRefundNumbers(refunds) });
  }

  fail(turn: number, cause: ChargeFailure): void {
    const reason =
      cause === 'outage'
        ? down('the charge was not committed')
        : new Error('a turn of charges failed for a bug');
    for (const { reject } of this.take(turn)) reject(reason);
  }

  /** The other end is gone: what is under way fails, and so does whatever is asked from now on. */
  close(): void {
    this.closed = true;
    const gathered = this.gathered.splice(0);
    const sent = [...this.turns.keys()].flatMap((turn) => this.take(turn));
    for (const { reject } of [...sent, ...gathered]) reject(down('the store is gone'));
  }

  /** Charges that were committed after their checks had been refused, and booked back, since the last call. */
  takeLateCharges(): number {
    const count = this.lateCharges;
    this.lateCharges = 0;
    return count;
  }

  private send(): void {
    const waiting = this.gathered;
    if (waiting.length === 0) return;
    this.gathered = [];
    this.lastTurn += 1;
    const times = new Set(waiting.map(({ withinMs }) => withinMs));
    const timers = [...times].map((timeMs) => setTimeout(() => expire(waiting, timeMs), timeMs));
    this.turns.set(this.lastTurn, { waiting, timers });
    const charges = toChargeNumbers(waiting.map(({ charge }) => charge));
    this.post({ kind: 'charge', turn: this.lastTurn, charges });
  }

  private take(turn: number): readonly WaitingCharge[] {
    const sent = this.turns.get(turn);
    if (sent === undefined) return [];
    for (const timer of sent.timers) clearTimeout(timer);
    this.turns.delete(turn);
    this.inFlight -= sent.waiting.length;
    return sent.waiting;
  }
}

function expire(waiting: readonly WaitingCharge[], timeMs: number): void {
  for (const each of waiting) {
    if (each.withinMs !== timeMs) continue;
    each.late = true;
    each.reject(down('the store did not answer in time'));
  }
}

function toRefund({ accountRow, cost, wallMs }: CreditCharge, { fromPurchased }: ChargeReceipt): Refund {
  return { accountRow, fromAllowance: cost - fromPurchased, fromPurchased, wallMs };
}

function down(reason: string): DependencyDown {
  return new DependencyDown('credits', reason);
}
