/** How often overdue checks are looked for, in milliseconds: one timer for all of them. */
export const SWEEP_MS = 50;

interface Waiter {
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
  private readonly waiters = new Set<Waiter>();
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
      const waiter = { untilMs: this.nowMs() + timeMs, giveUp: () => end(undefined) };
      this.waiters.add(waiter);
      this.sweep ??= setInterval(() => this.giveUpOverdue(), SWEEP_MS);
      answer.then(end, (reason: unknown) => {
        if (this.leave(waiter)) reject(fail(reason));
      });
    });
  }

  private giveUpOverdue(): void {
    const nowMs = this.nowMs();
    for (const { untilMs, giveUp } of this.waiters) if (untilMs <= nowMs) giveUp();
  }

  /** False where it had left before. */
  private leave(waiter: Waiter): boolean {
    const wasWaiting = this.waiters.delete(waiter);
    if (this.waiters.size === 0) this.rest();
    return wasWaiting;
  }

  private rest(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
  }
}
