import type { Now } from '../../domain/time.ts';
import type { CounterClock } from '../../domain/window-batch.ts';

/**
 * How exactly a wall clock is believed, in milliseconds: it is read in whole ones, and a jump that is smaller may go unseen.
 * What was counted before a restart counts longer by that much, so that it never counts shorter.
 */
export const WALL_SLACK_MS = 5;

/**
 * The counters' own time: the monotonic side of `now`, so that no jump of the wall clock is ever seen, moved so that it goes on
 * over a restart. How long nothing ran is what the wall clock says, or no time at all where it was set back meanwhile.
 */
export class CounterTime {
  private offsetMs = 0;
  private latestMs = -Infinity;

  /** Never goes back: a use stamped with a reading that did would end too early, so time stands still instead. */
  at(now: Now): number {
    const atMs = now.monotonicMs + this.offsetMs;
    if (atMs > this.latestMs) this.latestMs = atMs;
    return this.latestMs;
  }

  /** Goes on from where an earlier process was last heard of. Before anything was counted: time must not jump under a window. */
  resume({ counterMs, wallMs }: CounterClock, now: Now): void {
    if (this.latestMs > -Infinity) throw new RangeError('the counters are in use already');
    const stoodStillMs = Math.max(0, now.wallMs - wallMs - WALL_SLACK_MS);
    this.offsetMs = counterMs + stoodStillMs - now.monotonicMs;
  }
}
