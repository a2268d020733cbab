import type { Note } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';

/** Tells of the first of several failures in a row, and of their end: a broken disk must not fill the log. */
export class Streak {
  private readonly what: string;
  private readonly tell: (note: Note) => void;
  private failures = 0;

  /** `what` is the beginning of a sentence: "reading the feed". */
  constructor(what: string, tell: (note: Note) => void) {
    this.what = what;
    this.tell = tell;
  }

  failed(error: unknown): void {
    this.failures += 1;
    if (this.failures === 1) this.tell({ level: 'error', message: `${this.what} fails`, fields: toFields(error) });
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
