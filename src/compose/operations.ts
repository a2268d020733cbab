import type { Operations } from '../domain/operations.ts';
import { createOperations } from '../hub/operations/operations.ts';
import type { StoreReads } from '../hub/store/store.ts';
import type { Settings } from './settings.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

/** How long a revocation waits for the edge before it is called unconfirmed, in milliseconds. */
const CONFIRM_MS = 5_000;
/** The one edge of this process, as an operator is told of it. */
const EDGE_NAME = 'edge';

export interface HubOperationsDeps {
  readonly settings: Settings;
  readonly world: World;
  readonly reads: StoreReads;
  readonly store: StoreHost;
}

/** The operations of a running server. */
export function createHubOperations({ settings, world, reads, store }: HubOperationsDeps): Operations {
  return createOperations({
    policy: settings.policy,
    reads,
    writes: store,
    hasher: settings.hasher,
    sealer: settings.sealer,
    random: world.randomBytes,
    clock: world.clock,
    confirm: async (seq) => ((await store.confirmed(seq, CONFIRM_MS)) ? [] : [EDGE_NAME]),
  });
}
