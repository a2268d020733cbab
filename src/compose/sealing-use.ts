import type { StoreReads } from '../hub/store/store.ts';
import type { SealingRing } from '../lib/seal.ts';
import type { Log } from '../telemetry/log.ts';

/** Tells at a start which retired sealing keys are still needed, and that keys can sign nothing for want of theirs. */
export async function tellSealingUse(
  reads: Pick<StoreReads, 'sealingKeysInUse'>,
  { current, retired }: SealingRing,
  log: Log,
): Promise<void> {
  const inUse = new Set(await reads.sealingKeysInUse());
  for (const { id } of retired) {
    if (inUse.has(id)) log.info('keys are sealed under a retired sealing key until they are used', { id });
    else log.info('no key is sealed under a retired sealing key any more: it can go', { id });
  }
  for (const id of inUse) {
    if (id === current.id || retired.some((known) => known.id === id)) continue;
    log.warn('keys are sealed under a sealing key that is not configured: no token of theirs is believed', {
      id,
    });
  }
}
