/** How often the event loop is asked to be on time, in milliseconds. */
export const TICK_MS = 20;
/** A turn of the loop that is later than this is a late one, in milliseconds. */
export const LATE_MS = 50;
/** The loop is behind once every turn has been late for so long, in milliseconds. */
export const PATIENCE_MS = 250;

/**
 * Whether more work comes in than the event loop gets done.
 *
 * A single late turn says nothing: a garbage collection or a batch of the feed is over when it is noticed. Only a queue that does not empty
 * in PATIENCE_MS stands, and it stands until one turn is on time (the rule of CoDel, RFC 8289 §3).
 */
export class LoopDelay {
  private dueMs: number;
  private lateSinceMs: number | undefined;
  private behind = false;

  /** Times are monotonic, in milliseconds. */
  constructor(nowMs: number) {
    this.dueMs = nowMs + TICK_MS;
  }

  get isBehind(): boolean {
    return this.behind;
  }

  /** To be called every TICK_MS, as nearly as the loop manages. */
  tick(nowMs: number): void {
    if (nowMs - this.dueMs <= LATE_MS) this.lateSinceMs = undefined;
    else this.lateSinceMs ??= nowMs;
    this.behind = this.lateSinceMs !== undefined && nowMs - this.lateSinceMs >= PATIENCE_MS;
    this.dueMs = nowMs + TICK_MS;
  }
}
