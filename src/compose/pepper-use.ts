import { NOTHING_MEASURED, PEPPER_OTHER } from '../domain/measurements.ts';
import type { Level, Measurements } from '../domain/measurements.ts';
import { MINUTE_MS } from '../domain/time.ts';
import type { PepperCursor } from '../hub/store/keys.ts';
import type { StoreReads } from '../hub/store/store.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';

/** How long after one count of all keys the next begins, in milliseconds. */
export const COUNT_EVERY_MS = MINUTE_MS;
/** How long a count rests after each step, so that whoever else asks this thread comes in between, in milliseconds. */
export const COUNT_REST_MS = 10;

/** Keys by the id of the pepper under which they are digested. */
type KeysOf = ReadonlyMap<string, number>;
type Reads = Pick<StoreReads, 'countPerPepper'>;

/** All unrevoked keys of the store, operators' tokens among them. `rest` is awaited between two steps. */
export async function countKeysPerPepper(
  reads: Reads,
  rest: () => Promise<unknown> = () => Promise.resolve(),
): Promise<KeysOf> {
  const keysOf = new Map<string, number>();
  let after: PepperCursor | undefined;
  for (;;) {
    const { counted, next } = await reads.countPerPepper(after);
    for (const { pepperId, keys } of counted) keysOf.set(pepperId, (keysOf.get(pepperId) ?? 0) + keys);
    if (next === null) return keysOf;
    after = next;
    await rest();
  }
}

/** Tells at a start which retired peppers are still needed, and which keys can never be found for want of theirs. */
export function tellPepperUse(keysOf: KeysOf, { current, retired }: PepperRing, log: Log): void {
  for (const { id } of retired) {
    const keys = keysOf.get(id) ?? 0;
    if (keys > 0) log.info('keys are digested under a retired pepper until they are used', { id, keys });
    else log.info('no key is digested under a retired pepper any more: it can go', { id });
  }
  const known = new Set([current, ...retired].map(({ id }) => id));
  for (const [id, keys] of keysOf) {
    if (known.has(id)) continue;
    log.warn('keys are digested under a pepper that is not configured: no check finds them', { id, keys });
  }
}

export interface PepperCountsDeps {
  readonly reads: Reads;
  readonly ring: PepperRing;
  readonly take: (measured: Measurements) => void;
  readonly log: Log;
}

/** Counts anew, on and on, and hands each count over for the metrics: a scrape waits for none of it. Answers how to end it. */
export function startPepperCounts({ reads, ring, take, log }: PepperCountsDeps): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let failing = false;
  // At the end the count stays where it rests.
  const rest = (durationMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (!ended) timer = setTimeout(resolve, durationMs).unref();
    });
  const count = async (): Promise<never> => {
    for (;;) {
      await rest(COUNT_EVERY_MS);
      try {
        const keysOf = await countKeysPerPepper(reads, () => rest(COUNT_REST_MS));
        take(toPepperLevels(keysOf, ring));
        failing = false;
      } catch (error) {
        if (!failing) log.warn('keys were not counted by their pepper', toErrorFields(error));
        failing = true;
      }
    }
  };
  void count();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** One series for each pepper of the ring, 0 included, and one for all others together. */
export function toPepperLevels(keysOf: KeysOf, { current, retired }: PepperRing): Measurements {
  const ids = [current, ...retired].map(({ id }) => id);
  const all = [...keysOf.values()].reduce((sum, keys) => sum + keys, 0);
  const counts = ids.map((id) => keysOf.get(id) ?? 0);
  const other = counts.reduce((left, keys) => left - keys, all);
  const levels = [...ids.map((id, index) => toLevel(id, counts[index] ?? 0)), toLevel(PEPPER_OTHER, other)];
  return { ...NOTHING_MEASURED, levels };
}

function toLevel(pepper: string, value: number): Level {
  return { metric: 'tollgate_stored_keys', labels: { pepper }, value };
}
