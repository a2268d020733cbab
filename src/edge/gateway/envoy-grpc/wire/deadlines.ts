import { Crowd } from '../../../../lib/crowd.ts';
import type { Member } from '../../../../lib/crowd.ts';
import { DEADLINE_SWEEP_MS } from './limits.ts';
import type { Stream } from './stream.ts';

/** When a gateway waits no longer for a call, and what becomes of it then. */
export interface Deadline extends Member {
  /** On the monotonic clock. */
  readonly untilMs: number;
  readonly expire: () => void;
}

/** Ends calls whose gateway waits no longer: one timer for all of them, and none while no method is under way. */
export class Deadlines {
  private readonly nowMs: () => number;
  private readonly deadlines = new Crowd<Deadline>();
  private sweep: NodeJS.Timeout | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Calls `expire` at the first sweep after the call's time, unless it is forgotten before. */
  watch(stream: Stream, expire: () => void): void {
    if (stream.head.timeoutMs === Infinity) return;
    stream.deadline = { untilMs: this.nowMs() + stream.head.timeoutMs, expire, place: -1 };
    this.deadlines.enter(stream.deadline);
    this.sweep ??= setInterval(() => this.expire(), DEADLINE_SWEEP_MS);
  }

  forget(stream: Stream): void {
    const { deadline } = stream;
    // Most calls are answered at once, and never watched.
    if (deadline === undefined) return;
    stream.deadline = undefined;
    this.deadlines.leave(deadline);
    if (this.deadlines.size > 0) return;
    clearInterval(this.sweep);
    this.sweep = undefined;
  }

  private expire(): void {
    const nowMs = this.nowMs();
    for (const deadline of this.deadlines) if (deadline.untilMs <= nowMs) deadline.expire();
  }
}
