import { PerformanceObserver, constants, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ELDHistogram, PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { BucketCounts } from '../domain/bucket-counts.ts';
import type { Bucketed } from '../domain/bucket-counts.ts';
import { BUCKETS_SECONDS } from '../domain/measurements.ts';
import type { CollectionKind, Measurements, Observations, ThreadName } from '../domain/measurements.ts';
import { SECOND_MS } from '../domain/time.ts';

/**
 * How often a timer is due whose lateness is measured, in milliseconds. Each time wakes an idle thread: no check waits for the two
 * others, and asking them five times as often took 3 ms of CPU a second.
 */
const DELAY_RESOLUTION_MS: Readonly<Record<ThreadName, number>> = { edge: 20, store: 100, main: 100 };
const SECOND_NS = 1e9;

const COLLECTIONS: ReadonlyMap<unknown, CollectionKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]);

export interface ThreadVitals {
  /** What this thread measured of itself since the last call. */
  drain(): Measurements;
  stop(): void;
}

/** Measures the thread that calls it, and no other: delays of its event loop, garbage collections, busy time, heap. */
export function startThreadVitals(thread: ThreadName): ThreadVitals {
  const resolutionMs = DELAY_RESOLUTION_MS[thread];
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const drainDelays = createDelays(delays, resolutionMs * (SECOND_NS / SECOND_MS));
  const collections = new Map<CollectionKind, BucketCounts>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) countCollection(collections, entry);
  });
  observer.observe({ entryTypes: ['gc'] });
  let busyMs = performance.eventLoopUtilization().active;
  return {
    drain() {
      const before = busyMs;
      busyMs = performance.eventLoopUtilization().active;
      const busySeconds = Math.max(0, busyMs - before) / SECOND_MS;
      const delayed = drainDelays();
      return {
        increments: [{ metric: 'tollgate_thread_busy_seconds_total', labels: { thread }, by: busySeconds }],
        levels: [
          {
            metric: 'tollgate_heap_used_bytes',
            labels: { thread },
            value: getHeapStatistics().used_heap_size,
          },
        ],
        observations: [
          ...(delayed === undefined ? [] : [toDelay(thread, delayed)]),
          ...drainCollections(collections, thread),
        ],
      };
    },
    stop() {
      delays.disable();
      observer.disconnect();
    },
  };
}

function toDelay(thread: ThreadName, bucketed: Bucketed): Observations {
  return { metric: 'tollgate_event_loop_delay_seconds', labels: { thread }, bucketed };
}

function countCollection(collections: Map<CollectionKind, BucketCounts>, entry: PerformanceEntry): void {
  const kind = COLLECTIONS.get(kindOf(entry));
  if (kind === undefined) return;
  const counts = collections.get(kind) ?? new BucketCounts(BUCKETS_SECONDS.tollgate_gc_seconds);
  collections.set(kind, counts);
  counts.add(entry.duration / SECOND_MS);
}

/** Node's number for the kind of collection, which is in no type. */
function kindOf(entry: PerformanceEntry): unknown {
  const detail = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined;
}

function drainCollections(
  collections: ReadonlyMap<CollectionKind, BucketCounts>,
  thread: ThreadName,
): Observations[] {
  return [...collections].flatMap(([kind, counts]): Observations[] => {
    const bucketed = counts.drain();
    return bucketed === undefined
      ? []
      : [{ metric: 'tollgate_gc_seconds', labels: { thread, kind }, bucketed }];
  });
}

/**
 * Reads Node's histogram and never resets it: a reset forgets the interval under way, which after a pause is the pause.
 * It holds times between two turns of a timer: what is beyond its period was delay.
 */
function createDelays(delays: ELDHistogram, periodNs: number): () => Bucketed | undefined {
  const bounds = BUCKETS_SECONDS.tollgate_event_loop_delay_seconds;
  let told = new Float64Array(bounds.length + 1);
  let toldSeconds = 0;
  // A few tenths of a millisecond: it is asked for once a second, not more.
  return () => {
    const upTo = [...bounds.map((bound) => countUpTo(delays, bound * SECOND_NS + periodNs)), delays.count];
    const all = Float64Array.from(upTo, (total, bucket) => total - (upTo[bucket - 1] ?? 0));
    const allSeconds = Math.max(0, (delays.mean - periodNs) * delays.count) / SECOND_NS || 0;
    const counts = all.map((count, bucket) => Math.max(0, count - (told[bucket] ?? 0)));
    const sum = Math.max(0, allSeconds - toldSeconds);
    [told, toldSeconds] = [all, Math.max(toldSeconds, allSeconds)];
    return counts.some((count) => count > 0) ? { counts, sum } : undefined;
  };
}

/** How many of the times were at most so long: the largest rank whose value is. */
function countUpTo(delays: ELDHistogram, limitNs: number): number {
  let below = 0;
  let above = delays.count + 1;
  while (above - below > 1) {
    const rank = Math.floor((below + above) / 2);
    if (delays.percentile((rank / delays.count) * 100) <= limitNs) below = rank;
    else above = rank;
  }
  return below;
}
