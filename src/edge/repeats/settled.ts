import type { Spending } from '../../domain/spending.ts';
import type { Asked } from './fingerprint.ts';
import { toAged } from './outcome.ts';
import type { Settled } from './outcome.ts';
import { RecordRing } from './record-ring.ts';

/** What checks spent that are done. */
export interface SettledChecks {
  /** What the first of these checks spent, if that was less than `keptMs` before this one. */
  find(asked: Asked): Spending | undefined;
  /** Keeps what this check spent; an outage is not kept. */
  remember(asked: Asked, spending: Spending): void;
}

export interface SettledOptions {
  readonly recordsMax: number;
  readonly oddMax: number;
  readonly keptMs: number;
}

/** Nearly all spendings lie packed; what fits no record is kept as an object, for as long. */
export function createSettledChecks({ recordsMax, oddMax, keptMs }: SettledOptions): SettledChecks {
  const ring = new RecordRing(recordsMax);
  const odd = new Map<string, { readonly spending: Settled; readonly atMs: number }>();

  function findOdd({ fingerprint, atMs }: Asked): Settled | undefined {
    const kept = odd.get(fingerprint);
    if (kept === undefined) return undefined;
    const ageMs = Math.max(0, atMs - kept.atMs);
    if (ageMs >= keptMs) return undefined;
    return { ...kept.spending, limits: kept.spending.limits.map((state) => toAged(state, ageMs)) };
  }

  function rememberOdd({ fingerprint, atMs }: Asked, spending: Settled): void {
    // Deleted first: a Map keeps the place of a key that is set again, and the first place is the next to go.
    odd.delete(fingerprint);
    const [oldest] = odd.keys();
    if (odd.size === oddMax && oldest !== undefined) odd.delete(oldest);
    odd.set(fingerprint, { spending, atMs });
  }

  return {
    find(asked) {
      return ring.find(asked, keptMs) ?? (odd.size === 0 ? undefined : findOdd(asked));
    },
    remember(asked, spending) {
      if (spending.kind === 'outage') return;
      if (!ring.remember(asked, spending)) rememberOdd(asked, spending);
    },
  };
}
