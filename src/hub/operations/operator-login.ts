import { OPERATOR_TOKEN_PREFIX } from '../../domain/operators.ts';
import { MINUTE_MS } from '../../domain/time.ts';
import type { KeyHasher } from '../../lib/key-digest.ts';
import { checksumHolds } from '../../lib/key-format.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock } from '../../ports.ts';
import type { StoredOperator } from '../store/operators.ts';
import type { StoreReads, StoreWrites } from '../store/store.ts';
import { ask, readNowMs } from './context.ts';
import { digestOf } from './key-material.ts';

export interface OperatorLoginDeps {
  readonly reads: Pick<StoreReads, 'findOperator'>;
  readonly writes: Pick<StoreWrites, 'recordOperatorUse' | 'redigestOperator'>;
  readonly hasher: KeyHasher;
  readonly clock: Clock;
}

/** The unrevoked operator to whom a token belongs. Throws `OperationRefused('unavailable')` where the store does not answer. */
export type FindOperator = (token: string) => Promise<StoredOperator | undefined>;

/** How far behind `last_used_at` may be: a write for every request would cost more than the request. */
const USE_RECORDED_EVERY_MS = MINUTE_MS;

/**
 * Looks tokens up by their keyed digest, which nobody without the pepper can aim at: that the look-up takes its own time tells nothing.
 * What is no token by its form or checksum is refused without a look-up.
 */
export function createOperatorLogin(deps: OperatorLoginDeps): FindOperator {
  const { reads, hasher } = deps;
  return async (token) => {
    if (!checksumHolds(OPERATOR_TOKEN_PREFIX, token)) return undefined;
    for (const index of hasher.pepperIds.keys()) {
      const operator = await ask(reads.findOperator(digestOf(hasher, token, index)));
      if (operator === undefined) continue;
      await note(recordUse(deps, operator));
      if (index > 0) await note(redigest(deps, operator.name, token));
      return operator;
    }
    return undefined;
  };
}

/** A store that cannot be written to keeps nobody from looking. */
async function note(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
  }
}

async function recordUse({ writes, clock }: OperatorLoginDeps, operator: StoredOperator): Promise<void> {
  const nowMs = readNowMs({ clock });
  if (nowMs - (operator.lastUsedMs ?? 0) < USE_RECORDED_EVERY_MS) return;
  await writes.recordOperatorUse(operator.name, nowMs);
}

/** As a key's, when it is used: so that a retired pepper can go. */
async function redigest({ writes, hasher }: OperatorLoginDeps, name: string, token: string): Promise<void> {
  const [pepperId = ''] = hasher.pepperIds;
  await writes.redigestOperator({ name, digest: digestOf(hasher, token, 0), pepperId });
}
