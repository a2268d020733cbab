import { DEADLINE_SWEEP_MS } from './limits.ts';
import type { Stream } from './stream.ts';

/** Ends calls whose gateway waits no longer: one timer for all of them, and none while no method is under way. */
export class Deadlines {
  private readonly nowMs: () => number;
  private readonly expiries = new Map<Stream, () => void>();
  private sweep: NodeJS.Timeout | undefined;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Calls `expire` at the first sweep after the call's time, unless it is forgotten before. */
  watch(stream: Stream, expire: () => void): void {
    if (stream.head.timeoutMs === Infinity) return;
    stream.untilMs = this.nowMs() + stream.head.timeoutMs;
    this.expiries.set(stream, expire);
    this.sweep ??= setInterval(() => this.expire(), DEADLINE_SWEEP_MS);
  }

  forget(stream: Stream): void {
    // Most calls are answered at once, and never watched.
    if (this.expiries.size === 0) return;
    this.expiries.delete(stream);
    if (this.expiries.size > 0) return;
    clearInterval(this.sweep);
    this.sweep = undefined;
  }

  private expire(): void {
    const nowMs = this.nowMs();
    for (const [stream, expire] of this.expiries) if (stream.untilMs <= nowMs) expire();
  }
}
