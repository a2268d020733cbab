import type { Spending } from '../../domain/spending.ts';
import type { Asked } from './fingerprint.ts';
import type { SettledChecks } from './settled.ts';
import { StartedChecks } from './started-checks.ts';

/** Checks whose spending is not known yet. */
export interface ChecksUnderWay {
  /** The spending this check's first is waiting for, if that began less than `keptMs` before. */
  find(asked: Asked): Promise<Spending> | undefined;
  /** Whether one more can be followed; lets go of those that began `keptMs` ago. */
  hasRoom(atMs: number): boolean;
  /** The same spending, found by repeats until it ends; kept among the settled ones when it is known. */
  follow(asked: Asked, spending: Promise<Spending>): Promise<Spending>;
}

export interface UnderWayOptions {
  readonly underWayMax: number;
  readonly keptMs: number;
  readonly settled: SettledChecks;
}

export function createChecksUnderWay({ underWayMax, keptMs, settled }: UnderWayOptions): ChecksUnderWay {
  const started = new StartedChecks();

  /** Unless another has taken its place. */
  function forget(fingerprint: string, spending: Promise<Spending>): void {
    if (started.find(fingerprint)?.spending === spending) started.remove(fingerprint);
  }

  return {
    find({ fingerprint, atMs }) {
      if (started.size === 0) return undefined;
      const first = started.find(fingerprint);
      return first !== undefined && atMs - first.atMs < keptMs ? first.spending : undefined;
    },

    hasRoom(atMs) {
      if (started.size < underWayMax) return true;
      for (let { oldest } = started; oldest !== undefined; { oldest } = started) {
        if (atMs - oldest.atMs < keptMs) break;
        started.remove(oldest.fingerprint);
      }
      return started.size < underWayMax;
    },

    follow(asked, spending) {
      const { fingerprint, atMs } = asked;
      const followed: Promise<Spending> = spending.then(
        (known) => {
          forget(fingerprint, followed);
          settled.remember(asked, known);
          return known;
        },
        (error: unknown) => {
          forget(fingerprint, followed);
          throw error;
        },
      );
      started.add({ fingerprint, atMs, spending: followed });
      return followed;
    },
  };
}
