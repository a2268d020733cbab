import type { ChargeOutcome, CreditCharge } from '../domain/credits.ts';
import { DependencyDown } from '../ports.ts';
import { fromOutcomeNumbers, toChargeNumbers } from './messages.ts';
import type { ChargeFailure, ToHub } from './messages.ts';

/** Charges on their way at once; further checks are answered as an outage of the credits rather than queued. */
export const CHARGES_IN_FLIGHT_MAX = 10_000;

interface Waiting {
  readonly charge: CreditCharge;
  readonly resolve: (outcome: ChargeOutcome) => void;
  readonly reject: (reason: Error) => void;
}

/** One message of charges on its way. It stays one, and counts as in flight, when its time is over: only an answer shows that the store has read it. */
interface Turn {
  readonly waiting: readonly Waiting[];
  readonly timer: NodeJS.Timeout;
  late: boolean;
}

export interface ChargeQueueOptions {
  readonly post: (message: ToHub) => void;
  /** How long a charge may take before its check is answered without it, in milliseconds. */
  readonly chargeMs: number;
}

/** Gathers the charges of one turn of the loop into one message, and hands out what came of them. */
export class ChargeQueue {
  private readonly post: (message: ToHub) => void;
  private readonly chargeMs: number;
  private gathered: Waiting[] = [];
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
  add(charge: CreditCharge): Promise<ChargeOutcome> {
    if (this.closed) return Promise.reject(down('the store is gone'));
    if (this.inFlight >= CHARGES_IN_FLIGHT_MAX) return Promise.reject(down('too many charges in flight'));
    this.inFlight += 1;
    return new Promise((resolve, reject) => {
      if (this.gathered.push({ charge, resolve, reject }) === 1) setImmediate(() => this.send());
    });
  }

  settle(turn: number, numbers: Float64Array): void {
    const outcomes = fromOutcomeNumbers(numbers);
    const { waiting, late } = this.take(turn);
    if (late) this.lateCharges += outcomes.filter(({ result }) => result === 'charged').length;
    for (const [index, { resolve, reject }] of waiting.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) reject(new Error('a charge was not answered with its turn'));
      else resolve(outcome);
    }
  }

  fail(turn: number, cause: ChargeFailure): void {
    const reason =
      cause === 'outage' ? down('the charge was not committed') : new Error('a turn of charges failed for a bug');
    for (const { reject } of this.take(turn).waiting) reject(reason);
  }

  /** The other end is gone: what is under way fails, and so does whatever is asked from now on. */
  close(): void {
    this.closed = true;
    const gathered = this.gathered.splice(0);
    const sent = [...this.turns.keys()].flatMap((turn) => this.take(turn).waiting);
    for (const { reject } of [...sent, ...gathered]) reject(down('the store is gone'));
  }

  /** Charges that were committed after their checks had been refused, since the last call. */
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
    const turn = this.lastTurn;
    const timer = setTimeout(() => this.expire(turn), this.chargeMs);
    this.turns.set(turn, { waiting, timer, late: false });
    this.post({ kind: 'charge', turn, charges: toChargeNumbers(waiting.map(({ charge }) => charge)) });
  }

  private expire(turn: number): void {
    const sent = this.turns.get(turn);
    if (sent === undefined) return;
    sent.late = true;
    for (const { reject } of sent.waiting) reject(down('the store did not answer in time'));
  }

  private take(turn: number): Pick<Turn, 'waiting' | 'late'> {
    const sent = this.turns.get(turn);
    if (sent === undefined) return NOTHING;
    clearTimeout(sent.timer);
    this.turns.delete(turn);
    this.inFlight -= sent.waiting.length;
    return sent;
  }
}

const NOTHING: Pick<Turn, 'waiting' | 'late'> = { waiting: [], late: false };

function down(reason: string): DependencyDown {
  return new DependencyDown('credits', reason);
}
