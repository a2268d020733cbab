import type { Note } from '../domain/report.ts';
import { MINUTE_MS } from '../domain/time.ts';
import type { Clock } from '../ports.ts';

/** How often strangers are told of, in milliseconds. */
const TOLD_EVERY_MS = 10 * MINUTE_MS;

/** Tells of questions without the gateway's token: the first at once, then how many there were, once in a while. Nothing of what they hold is shown. */
export function createStrangerLog(clock: Clock, note: (note: Note) => void): () => void {
  let count = 0;
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  return () => {
    count += 1;
    const { monotonicMs } = clock.now();
    if (monotonicMs < silentUntilMs) return;
    note({
      level: 'warn',
      message: "questions without the gateway's token reached check.http: they were answered as an outage",
      fields: { count },
    });
    count = 0;
    silentUntilMs = monotonicMs + TOLD_EVERY_MS;
  };
}
