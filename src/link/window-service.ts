import type { Note } from '../domain/report.ts';
import type { WindowBatch } from '../domain/window-batch.ts';
import type { Keeper } from '../ports.ts';
import type { WindowAnswer } from './messages.ts';
import { Streak } from './streak.ts';

type WindowKeeper = Pick<Keeper, 'keepWindows' | 'loadWindows'>;

/** Keeps an edge's windows and hands them back. */
export class WindowService {
  private readonly keeper: WindowKeeper;
  private readonly faults: Streak;

  constructor(keeper: WindowKeeper, onNote: (note: Note) => void) {
    this.keeper = keeper;
    this.faults = new Streak('keeping windows', onNote);
  }

  keep(windows: WindowBatch): WindowAnswer {
    return this.answer(() => {
      this.keeper.keepWindows(windows);
      return { kind: 'kept' };
    });
  }

  load(from: number): WindowAnswer {
    return this.answer(() => ({ kind: 'loaded', page: this.keeper.loadWindows(from) }));
  }

  /** A bug ends here too: it must cost what would be kept, not the one writer that all others need. */
  private answer(work: () => WindowAnswer): WindowAnswer {
    try {
      const answer = work();
      this.faults.worked();
      return answer;
    } catch (error) {
      this.faults.failed(error);
      return { kind: 'windows_failed' };
    }
  }
}
