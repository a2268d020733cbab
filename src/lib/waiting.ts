/** How often overdue checks are looked for, in milliseconds: one timer for all of them. */
export const SWEEP_MS = 50;

interface Waiter {
  readonly untilMs: number;
  readonly giveUp: () => void;
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

  /** What `answer` settles to, or undefined at the first sweep after `timeMs`. A race of promises takes 2 µs more. */
  within<T>(answer: Promise<T>, timeMs: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        untilMs: this.nowMs() + timeMs,
        giveUp: () => {
          this.leave(waiter);
          resolve(undefined);
        },
      };
      this.waiters.add(waiter);
      this.sweep ??= setInterval(() => this.giveUpOverdue(), SWEEP_MS);
      answer.then(
        (value) => {
          this.leave(waiter);
          resolve(value);
        },
        (reason: Error) => {
          this.leave(waiter);
          reject(reason);
        },
      );
    });
  }

  private giveUpOverdue(): void {
    const nowMs = this.nowMs();
    for (const { untilMs, giveUp } of this.waiters) if (untilMs <= nowMs) giveUp();
  }

  private leave(waiter: Waiter): void {
    this.waiters.delete(waiter);
    if (this.waiters.size === 0) this.rest();
  }

  private rest(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
  }
}
