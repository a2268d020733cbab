import type { Note } from '../domain/report.ts';
import { MINUTE_MS } from '../domain/time.ts';
import type { Clock } from '../ports.ts';
import { createRareNote } from './rare-note.ts';

/** How often strangers are told of, in milliseconds. */
const TOLD_EVERY_MS = 10 * MINUTE_MS;

/** What came without the gateway's token, and to where. */
const STRANGERS = {
  'check.http': "questions without the gateway's token reached check.http: they were answered as an outage",
  'public.listen':
    "requests without the gateway's token reached public.listen: they were refused as not found",
} as const;

/** Tells now and then of what comes without the gateway's token, and shows nothing of what it holds. */
export function createStrangerLog(
  where: keyof typeof STRANGERS,
  clock: Clock,
  note: (note: Note) => void,
): () => void {
  const tell = createRareNote({ clock, note, everyMs: TOLD_EVERY_MS });
  return () => tell(STRANGERS[where]);
}
