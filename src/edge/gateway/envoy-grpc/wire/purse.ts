import { SECOND_MS } from '../../../../domain/time.ts';
import { ConnectionError, ERROR } from './frames.ts';
import type { PurseLimits } from './limits.ts';

/** Pays for what a peer makes us do that moves no call forward. Calls earn, time refills; the clock is read only when it is empty. */
export class Purse {
  private readonly limits: PurseLimits;
  private readonly nowMs: () => number;
  private balance: number;
  private filledMs: number;

  /** `nowMs` is monotonic. */
  constructor(limits: PurseLimits, nowMs: () => number) {
    this.limits = limits;
    this.nowMs = nowMs;
    this.balance = limits.size;
    this.filledMs = nowMs();
  }

  earn(): void {
    const { size, perCall } = this.limits;
    if (this.balance < 2 * size) this.balance += perCall;
  }

  /** Throws `ConnectionError` where neither calls nor time have earned enough. */
  pay(price: number): void {
    this.balance -= price;
    if (this.balance >= 0) return;
    const nowMs = this.nowMs();
    const { size, perSecond } = this.limits;
    this.balance += Math.min(size, ((nowMs - this.filledMs) / SECOND_MS) * perSecond);
    this.filledMs = nowMs;
    if (this.balance < 0) throw new ConnectionError(ERROR.enhanceYourCalm, 'too much that asks nothing');
  }
}

/** What one connection pays with. */
export interface Purses {
  /** For frames that move no call forward. */
  readonly control: Purse;
  /** For calls that end without an answer. */
  readonly resets: Purse;
}
