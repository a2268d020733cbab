import type { Note } from '../domain/report.ts';
import type { Clock } from '../ports.ts';

export interface RareNoteOptions {
  readonly clock: Clock;
  readonly note: (note: Note) => void;
  /** How long nothing is told after something was, in milliseconds. */
  readonly everyMs: number;
}

/** Tells of what strangers may cause at any rate: of the first at once, then with how many there were, once in `everyMs`. */
export function createRareNote({
  clock,
  note,
  everyMs,
}: RareNoteOptions): (message: string, fields?: Note['fields']) => void {
  let count = 0;
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  return (message, fields) => {
    count += 1;
    const { monotonicMs } = clock.now();
    if (monotonicMs < silentUntilMs) return;
    note({ level: 'warn', message, fields: { count, ...fields } });
    count = 0;
    silentUntilMs = monotonicMs + everyMs;
  };
}
