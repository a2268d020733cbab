import type { Operations } from '../domain/operations.ts';
import { findControlClient } from '../hub/control/client.ts';
import { readOsUser, toCliActor } from '../hub/control/os-user.ts';
import { createOperations } from '../hub/operations/operations.ts';
import { createSigningKeys } from '../hub/sessions/signing-keys.ts';
import { openSqliteStore } from '../hub/store/sqlite/open.ts';
import { unusableAsRefusal } from './migrate-store.ts';
import { loadSettings, toStorePlace } from './settings.ts';
import type { ConfigPlace } from './settings.ts';
import type { World } from './world.ts';

export interface OpenedOperations {
  readonly operations: Operations;
  /** `hub`: a running server does it; `store`: none runs, the database was opened directly. */
  readonly via: 'hub' | 'store';
  close(): Promise<void>;
}

/** The operations of the server that runs on this configuration's store or, where none runs, on the store itself. */
export async function openOperations(place: ConfigPlace, world: World): Promise<OpenedOperations> {
  const settings = await loadSettings(place, world);
  const user = readOsUser();
  const client = await findControlClient(settings.controlPath, { user });
  if (client !== undefined) return { operations: client, via: 'hub', close: async () => client.close() };
  const store = unusableAsRefusal(() => openSqliteStore(toStorePlace(settings)));
  const operations = createOperations({
    actor: toCliActor(user, 'cli-store'),
    policy: settings.policy,
    reads: store.reads,
    writes: store.writes,
    hasher: settings.hasher,
    sealer: settings.sealer,
    signing: createSigningKeys({ reads: store.reads, writes: store.writes, sealer: settings.sealer }),
    random: world.randomBytes,
    clock: world.clock,
    // No edge is known here: one that serves this file without a socket sees the change within its watch interval.
    confirm: () => Promise.resolve([]),
  });
  return { operations, via: 'store', close: async () => store.close() };
}
