import type { Note } from '../../../domain/report.ts';

/** Rows that one line of the log names. */
const NAMED_ROWS_MAX = 10;

const DAMAGED_WINDOWS = 'kept windows of limits are damaged: what cannot be read of them counts no more';

/** Rows of a table in which something stands that this program cannot have written, until they are told of in one line. */
export class DamagedWindows {
  private readonly table: string;
  private readonly onNote: (note: Note) => void;
  private named: number[] = [];
  private count = 0;
  private last: number | undefined;

  constructor(table: string, onNote: (note: Note) => void) {
    this.table = table;
    this.onNote = onNote;
  }

  /** The same row may be added several times in a row. */
  add(row: number): void {
    if (row === this.last) return;
    this.last = row;
    this.count += 1;
    if (this.named.length < NAMED_ROWS_MAX) this.named.push(row);
  }

  /** Tells nothing where there are none. */
  tell(): void {
    if (this.count === 0) return;
    const { table, count } = this;
    this.onNote({
      level: 'warn',
      message: DAMAGED_WINDOWS,
      fields: { table, rows: this.named.join(', '), count },
    });
    this.forget();
  }

  forget(): void {
    this.named = [];
    this.count = 0;
    this.last = undefined;
  }
}
