import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import type { Measurements } from '../../../src/domain/measurements.ts';
import { joinMeasurements } from '../../../src/domain/measurements.ts';
import { startThreadVitals } from '../../../src/telemetry/thread-vitals.ts';
import type { ThreadVitals } from '../../../src/telemetry/thread-vitals.ts';

const PAUSE_MS = 120;
let vitals: ThreadVitals | undefined;

afterEach(() => vitals?.stop());

/** Turns of the loop until what was measured satisfies; the test's own time-out catches what never comes. */
async function gather(isEnough: (measured: Measurements) => boolean): Promise<Measurements> {
  let measured: Measurements = joinMeasurements();
  while (!isEnough(measured)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (vitals !== undefined) measured = joinMeasurements(measured, vitals.drain());
  }
  return measured;
}

function above(measured: Measurements, metric: string, buckets: number): number {
  return measured.observations
    .filter((each) => each.metric === metric)
    .reduce((total, { bucketed }) => total + bucketed.counts.slice(buckets).reduce((a, b) => a + b, 0), 0);
}

test('a pause of the thread is seen as a delay of at least nearly its length', async () => {
  vitals = startThreadVitals('edge');
  await gather((measured) => above(measured, 'tollgate_event_loop_delay_seconds', 0) > 0);
  const endMs = performance.now() + PAUSE_MS;
  while (performance.now() < endMs);
  // Six buckets end at 50 ms or below.
  const measured = await gather((each) => above(each, 'tollgate_event_loop_delay_seconds', 6) > 0);
  expect(measured.observations[0]?.labels).toEqual({ thread: 'edge' });
});

test('a garbage collection is seen, with its kind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  vitals = startThreadVitals('store');
  collect();
  const measured = await gather((each) => above(each, 'tollgate_gc_seconds', 0) > 0);
  const kinds = measured.observations.filter((each) => each.metric === 'tollgate_gc_seconds');
  expect(kinds.map(({ labels }) => labels)).toContainEqual({ thread: 'store', kind: 'major' });
});

test('busy time and heap are told at every drain', async () => {
  vitals = startThreadVitals('main');
  const measured = await gather(({ increments }) => increments.some(({ by }) => by > 0));
  expect(measured.increments[0]).toMatchObject({
    metric: 'tollgate_thread_busy_seconds_total',
    labels: { thread: 'main' },
  });
  expect(measured.levels.at(-1)?.value).toBeGreaterThan(1_000_000);
});
