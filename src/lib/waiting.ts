/** How often overdue checks are looked for, in milliseconds: one timer for all of them. */
export const SWEEP_MS = 50;

/** The place of one that has left. */
const NOWHERE = -1;

interface Waiter {
  readonly untilMs: number;
  readonly giveUp: () => void;
  /** Its index among those that wait. */
  place: number;
}

/** What is made of an answer that was waited for. */
export interface Ends<T, U> {
  /** Of its value, or of undefined where it has not come in time. */
  readonly finish: (value: T | undefined) => U;
  /** The reason to reject with, of what the answer was rejected with or `finish` has thrown. */
  readonly fail: (reason: unknown) => unknown;
}

/**
 * Counts checks that wait for an answer, and lets none of them wait for ever: what never settles must not keep its place.
 * They stand in a list in no order. A Set that checks pass through is made anew every few of them, and each old one keeps the next one
 * alive with all it held: once one was old enough for the long collections, every check was (6 of the 24 µs of a charged one).
 */
export class Waiting {
  private readonly waiters: Waiter[] = [];
  private readonly nowMs: () => number;
  private sweep: NodeJS.Timeout | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get count(): number {
    return this.waiters.length;
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
    const waiter = { untilMs: this.nowMs() + timeMs, giveUp, place: this.waiters.length };
    this.waiters.push(waiter);
    this.sweep ??= setInterval(() => this.giveUpOverdue(), SWEEP_MS);
    return waiter;
  }

  /** From the last to the first: whoever leaves gives its place to the last one, which was looked at then. */
  private giveUpOverdue(): void {
    const nowMs = this.nowMs();
    for (let place = this.waiters.length - 1; place >= 0; place -= 1) {
      const waiter = this.waiters[place];
      if (waiter !== undefined && waiter.untilMs <= nowMs) waiter.giveUp();
    }
  }

  /** False where it had left before. */
  private leave(waiter: Waiter): boolean {
    const { place } = waiter;
    if (place === NOWHERE) return false;
    waiter.place = NOWHERE;
    const last = this.waiters.pop();
    if (last !== undefined && last !== waiter) {
      this.waiters[place] = last;
      last.place = place;
    }
    if (this.waiters.length === 0) this.rest();
    return true;
  }

  private rest(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
  }
}
