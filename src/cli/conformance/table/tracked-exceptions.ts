import type { Difference } from '../difference.ts';
import type { AskedAnswer, DeclaredExceptions, Loss } from './exceptions.ts';

type Differences = readonly Difference[];

/** What is declared of a gateway, and what of it one run has seen. */
export interface TrackedExceptions extends Pick<DeclaredExceptions, 'leavesOut' | 'find' | 'findStatus'> {
  /**
   * What came of a trial of which something is declared, judged by that: where nothing differs the declaration holds, and where nothing
   * would differ without it, it is the declaration that is wrong.
   */
  readonly settle: (title: string, differences: Differences, undeclared: () => Differences) => Differences;
  /** The differences that are not declared as lost. */
  readonly forgive: (differences: Differences, asked: AskedAnswer) => Differences;
  /** Trials whose declaration held, and declared losses of headers that were seen. */
  readonly countHeld: () => number;
  /** Why headers are declared as lost of which none was, in a run of everything. */
  readonly listUnneeded: () => readonly string[];
}

/** For one run: nothing of it was seen yet. */
export function trackExceptions(declared: DeclaredExceptions): TrackedExceptions {
  const held = new Set<string>();
  const seen = new Set<Loss>();
  return {
    leavesOut: declared.leavesOut,
    find: declared.find,
    findStatus: declared.findStatus,
    settle(title, differences, undeclared) {
      if (differences.length > 0) {
        return undeclared().length === 0 ? [{ kind: 'exception not needed' }] : differences;
      }
      held.add(title);
      return [];
    },
    forgive: (differences, asked) =>
      differences.filter((difference) => {
        const loss = declared.findLoss(difference, asked);
        if (loss !== undefined) seen.add(loss);
        return loss === undefined;
      }),
    countHeld: () => held.size + seen.size,
    listUnneeded: () => declared.losses.filter((loss) => !seen.has(loss)).map(({ why }) => why),
  };
}
