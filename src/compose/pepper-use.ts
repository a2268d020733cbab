import type { StoreReads } from '../hub/store/store.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import type { Log } from '../telemetry/log.ts';

/** Tells at a start which retired peppers are still needed, and which keys can never be found for want of theirs. */
export async function tellPepperUse(
  reads: Pick<StoreReads, 'keysPerPepper'>,
  { current, retired }: PepperRing,
  log: Log,
): Promise<void> {
  const keysOf = new Map((await reads.keysPerPepper()).map(({ pepperId, keys }) => [pepperId, keys]));
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
