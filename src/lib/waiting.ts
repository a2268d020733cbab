import { Crowd } from './crowd.ts';
import type { Member } from './crowd.ts';

/** How often overdue checks are looked for, in milliseconds: one timer for all of them. */
export const SWEEP_MS = 50;

interface Waiter extends Member {
  readonly untilMs: number;
  readonly giveUp: () => void;
}

/** What is made of an answer that was waited for. */
export interface Ends<T, U> {
  /** Of its value, or of undefined where it has not come in time. */
  readonly finish: (value: T | undefined) => U;
  /** The reason to reject with, of what the answer was rejected with or `finish` has thrown. */
  readonly fail: (reason: unknown) => unknown;
}

/** Counts checks that wait for an answer, and lets none of them wait for ever: what never settles must not keep its place. */
export class Waiting {
  private readonly waiters = new Crowd<Waiter>();
  private readonly nowMs: () => number;
  private sweep: NodeJS.Timeout | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get count(): number {
    return this.waiters.size;
  }

  /** What `finish` makes of an answer, once: at the first sweep after `timeMs` where it has not come by then. A race of promises takes 2 µs more. */
  within<T, U>(answer: Promise<T>, timeMs: number, { finish, fail }: Ends<T, U>): Promise<U> {
    return new Promise((resolve, reject) => {
      const end = (value: T | undefined): void => {
        // What comes when its time is over is thrown away.
        if (!this.leave(waiter)) return;
        try {
          resolve(finish(value));
        } catch (error) {
          reject(fail(error));
        }
      };
      const waiter = this.enter(timeMs, () => end(undefined));
      answer.then(end, (reason: unknown) => {
        if (this.leave(waiter)) reject(fail(reason));
      });
    });
  }

  private enter(timeMs: number, giveUp: () => void): Waiter {
    const waiter = { untilMs: this.nowMs() + timeMs, giveUp, place: -1 };
    this.waiters.enter(waiter);
    this.sweep ??= setInterval(() => this.giveUpOverdue(), SWEEP_MS);
    return waiter;
  }

  private giveUpOverdue(): void {
    const nowMs = this.nowMs();
    for (const waiter of this.waiters) if (waiter.untilMs <= nowMs) waiter.giveUp();
  }

  /** False where it had left before. */
  private leave(waiter: Waiter): boolean {
    const hasLeft = this.waiters.leave(waiter);
    if (hasLeft && this.waiters.size === 0) this.rest();
    return hasLeft;
  }

  private rest(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
  }
}
