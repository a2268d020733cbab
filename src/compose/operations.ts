import type { Actor } from '../domain/audit.ts';
import type { Operations } from '../domain/operations.ts';
import { createOperations } from '../hub/operations/operations.ts';
import type { SigningKeys } from '../hub/sessions/signing-keys.ts';
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
  /** The same that the endpoints of sessions sign with. */
  readonly signing: SigningKeys;
}

/** The operations of a running server, for whoever asks for them. */
export function createHubOperations(deps: HubOperationsDeps): (actor: Actor) => Operations {
  const { settings, world, reads, store, signing } = deps;
  const common = {
    policy: settings.policy,
    reads,
    writes: store,
    hasher: settings.hasher,
    sealer: settings.sealer,
    signing,
    random: world.randomBytes,
    clock: world.clock,
    confirm: async (seq: number) => ((await store.confirmed(seq, CONFIRM_MS)) ? [] : [EDGE_NAME]),
  };
  return (actor) => createOperations({ ...common, actor });
}
