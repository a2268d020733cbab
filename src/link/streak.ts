import type { Note } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';

/** Tells of the first of several failures of one kind in a row, and of their end: a broken disk must not fill the log. */
export class Streak {
  private readonly what: string;
  private readonly tell: (note: Note) => void;
  private failures = 0;
  private lastKind = '';

  /** `what` is the beginning of a sentence: "reading the feed". */
  constructor(what: string, tell: (note: Note) => void) {
    this.what = what;
    this.tell = tell;
  }

  failed(error: unknown): void {
    const kind = error instanceof Error ? error.name : typeof error;
    // A bug must not hide behind an outage that was told before.
    const isNews = this.failures === 0 || kind !== this.lastKind;
    this.failures += 1;
    this.lastKind = kind;
    if (isNews) this.tell({ level: 'error', message: `${this.what} fails`, fields: toFields(error) });
  }

  worked(): void {
    if (this.failures === 0) return;
    this.tell({ level: 'warn', message: `${this.what} works again`, fields: { failures: this.failures } });
    this.failures = 0;
  }
}

function toFields(error: unknown): Note['fields'] {
  if (error instanceof DependencyDown) return { reason: error.message };
  if (!(error instanceof Error)) return { error: typeof error };
  return { error: `${error.name}: ${error.message}`, stack: error.stack ?? '' };
}
