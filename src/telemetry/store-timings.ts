import { performance } from 'node:perf_hooks';
import { BucketCounts } from '../domain/bucket-counts.ts';
import { BUCKETS_SECONDS } from '../domain/measurements.ts';
import type { Observations, StoreOperation, StoreOutcome } from '../domain/measurements.ts';
import { SECOND_MS } from '../domain/time.ts';
import { DependencyDown } from '../ports.ts';

export interface StoreTimings {
  /** Does the work and times it, until its promise is settled where it gives one. Passes on what it answers or throws. */
  readonly time: <T>(operation: StoreOperation, work: () => T) => T;
  /** What was timed since the last call. */
  drain(): Observations[];
}

/** Times what a thread asks of the store. `monotonicMs` defaults to the system's clock. */
export function createStoreTimings(monotonicMs: () => number = () => performance.now()): StoreTimings {
  const timed = new Map<StoreOperation, Partial<Record<StoreOutcome, BucketCounts>>>();
  const end = (operation: StoreOperation, outcome: StoreOutcome, startedMs: number): void => {
    const outcomes = timed.get(operation) ?? {};
    timed.set(operation, outcomes);
    const counts = (outcomes[outcome] ??= new BucketCounts(BUCKETS_SECONDS.tollgate_store_seconds));
    counts.add((monotonicMs() - startedMs) / SECOND_MS);
  };
  return {
    time: (operation, work) => {
      const startedMs = monotonicMs();
      try {
        const result = work();
        if (result instanceof Promise) {
          result.then(
            () => end(operation, 'ok', startedMs),
            (error: unknown) => end(operation, outcomeOf(error), startedMs),
          );
        } else end(operation, 'ok', startedMs);
        return result;
      } catch (error) {
        end(operation, outcomeOf(error), startedMs);
        throw error;
      }
    },
    drain: () =>
      [...timed].flatMap(([operation, outcomes]) =>
        OUTCOMES.flatMap((outcome): Observations[] => {
          const bucketed = outcomes[outcome]?.drain();
          const labels = { store: 'sqlite', operation, outcome } as const;
          return bucketed === undefined ? [] : [{ metric: 'tollgate_store_seconds', labels, bucketed }];
        }),
      ),
  };
}

const OUTCOMES: readonly StoreOutcome[] = ['ok', 'outage', 'bug'];

function outcomeOf(error: unknown): StoreOutcome {
  return error instanceof DependencyDown ? 'outage' : 'bug';
}
