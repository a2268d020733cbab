import { createSessionEngine } from '../hub/sessions/create-session-engine.ts';
import type { SessionEngine } from '../hub/sessions/engine.ts';
import { createSigningKeys } from '../hub/sessions/signing-keys.ts';
import type { SigningKeys } from '../hub/sessions/signing-keys.ts';
import type { StoreReads } from '../hub/store/store.ts';
import type { Settings } from './settings.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

export interface HubSessionsDeps {
  readonly settings: Settings;
  readonly world: World;
  readonly reads: StoreReads;
  readonly store: StoreHost;
}

/** What grants sessions, and the keys that it signs with, which operators rotate. */
export interface HubSessions {
  readonly engine: SessionEngine;
  readonly signing: SigningKeys;
}

export function createHubSessions({ settings, world, reads, store }: HubSessionsDeps): HubSessions {
  const signing = createSigningKeys({ reads, writes: store, sealer: settings.sealer });
  const engine = createSessionEngine({
    writes: store,
    signing,
    peppers: settings.peppers,
    clock: world.clock,
    random: world.randomBytes,
    onReused: ({ api, id, key }) =>
      world.log.warn('a refresh token was used twice: its session has ended', { api, session: id, key }),
  });
  return { engine, signing };
}
