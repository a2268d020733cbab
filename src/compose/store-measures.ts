import { BucketCounts } from '../domain/bucket-counts.ts';
import { BUCKETS_SECONDS } from '../domain/measurements.ts';
import type { Measurements, Observations } from '../domain/measurements.ts';
import { SECOND_MS } from '../domain/time.ts';
import { createStoreTimings } from '../telemetry/store-timings.ts';
import type { StoreTimings } from '../telemetry/store-timings.ts';

/** What the store's writer measures of itself. */
export interface StoreMeasures extends Pick<StoreTimings, 'time'> {
  /** Times how long a committed change waits for the edge. */
  timeLag<T>(confirmed: Promise<T>): Promise<T>;
  drain(): Measurements;
}

export function createStoreMeasures(): StoreMeasures {
  const timings = createStoreTimings();
  const lags = new BucketCounts(BUCKETS_SECONDS.tollgate_revocation_lag_seconds);
  return {
    time: timings.time,
    async timeLag(confirmed) {
      const committedMs = performance.now();
      const result = await confirmed;
      lags.add((performance.now() - committedMs) / SECOND_MS);
      return result;
    },
    drain() {
      const bucketed = lags.drain();
      const lagging: Observations[] =
        bucketed === undefined ? [] : [{ metric: 'tollgate_revocation_lag_seconds', labels: {}, bucketed }];
      return { increments: [], levels: [], observations: [...timings.drain(), ...lagging] };
    },
  };
}
