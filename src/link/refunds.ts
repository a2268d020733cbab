import type { Refund } from '../domain/credits.ts';
import type { Note } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';
import type { Keeper } from '../ports.ts';
import { Streak } from './streak.ts';

/** Refunds that wait for the store to be well again; what is beyond is lost, and the log says so. */
export const REFUNDS_WAITING_MAX = 10_000;

/** Books late charges back. What made a charge late is often still there when its refund comes, so refunds wait and are tried again. */
export class Refunds {
  private readonly keeper: Pick<Keeper, 'refund'>;
  private readonly onNote: (note: Note) => void;
  private readonly faults: Streak;
  private waiting: Refund[] = [];

  constructor(keeper: Pick<Keeper, 'refund'>, onNote: (note: Note) => void) {
    this.keeper = keeper;
    this.onNote = onNote;
    this.faults = new Streak('booking late charges back', onNote);
  }

  add(refunds: readonly Refund[]): void {
    const room = REFUNDS_WAITING_MAX - this.waiting.length;
    this.waiting.push(...refunds.slice(0, room));
    if (refunds.length > room) this.tellLost(refunds.length - room);
    this.book();
  }

  /** Tries whatever waits, in one transaction. */
  book(): void {
    if (this.waiting.length === 0) return;
    try {
      this.keeper.refund(this.waiting);
      this.waiting = [];
      this.faults.worked();
    } catch (error) {
      this.faults.failed(error);
      if (error instanceof DependencyDown) return;
      // What failed for a bug would fail for ever.
      this.giveUp();
    }
  }

  /** Tries once more; what waits then is lost, and the log says so. */
  close(): void {
    this.book();
    if (this.waiting.length > 0) this.giveUp();
  }

  private giveUp(): void {
    this.tellLost(this.waiting.length);
    this.waiting = [];
  }

  private tellLost(count: number): void {
    this.onNote({ level: 'error', message: 'late charges were not booked back', fields: { count } });
  }
}
