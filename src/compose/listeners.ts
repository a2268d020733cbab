import { OFF } from '../config/schema/listen.ts';
import type { Actor } from '../domain/audit.ts';
import type { Operations } from '../domain/operations.ts';
import { createEndpointPlaces } from '../edge/endpoints.ts';
import { createControlServer } from '../hub/control/server.ts';
import type { HttpListener } from '../hub/http/listener.ts';
import type { SessionEngine } from '../hub/sessions/engine.ts';
import { createOperatorLogin } from '../hub/operations/operator-login.ts';
import { createPublicServer } from '../hub/public/server.ts';
import type { StoreReads, StoreWrites } from '../hub/store/store.ts';
import { DependencyDown } from '../ports.ts';
import type { Edge } from '../ports.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Closing } from './closing.ts';
import type { Settings } from './settings.ts';
import { createStrangerLog } from './stranger-log.ts';
import type { World } from './world.ts';

export interface ListenersDeps {
  readonly settings: Settings;
  readonly world: World;
  readonly operationsFor: (actor: Actor) => Operations;
  readonly reads: StoreReads;
  readonly store: StoreWrites;
  readonly inspect: Edge['inspect'];
  readonly sessions: SessionEngine;
}

/** Absent where a listener is off or has nothing to answer. */
export interface ListenerAddresses {
  readonly public?: string;
  readonly admin?: string;
}

/** Opens the socket over which the command line asks. */
export async function openControl(
  { settings, world, operationsFor }: ListenersDeps,
  closing: Closing,
): Promise<void> {
  const control = createControlServer({
    path: settings.controlPath,
    operations: operationsFor,
    onBug: (error) => world.log.error('an operation failed for a bug', toErrorFields(error)),
  });
  await control.start();
  closing.add(() => control.stop());
}

/** Opens what key holders and operators ask over HTTP. */
export async function openListeners(deps: ListenersDeps, closing: Closing): Promise<ListenerAddresses> {
  const { document, policy } = deps.settings;
  const hasEndpoints = policy.apis.some((api) => (api.me ?? api.sessionEndpoints) !== undefined);
  const start = async (listener: HttpListener): Promise<string> => {
    const address = await listener.start();
    closing.add(() => listener.stop());
    return address;
  };
  return {
    ...(document.public.listen === OFF || !hasEndpoints ? {} : { public: await start(toPublic(deps)) }),
    ...(document.admin.listen === OFF ? {} : { admin: await start(await toAdmin(deps)) }),
  };
}

/** What the public listener reads is asked for by nobody in particular: it changes nothing. */
const READER: Actor = { name: 'public', source: 'public', requestId: '' };

function toPublic({ settings, world, operationsFor, inspect, sessions }: ListenersDeps): HttpListener {
  const { document, policy, gatewayToken } = settings;
  return createPublicServer({
    listen: document.public.listen,
    ...(gatewayToken === undefined ? {} : { gatewayToken }),
    places: createEndpointPlaces(policy, world),
    inspect,
    operations: operationsFor(READER),
    sessions,
    clock: world.clock,
    onStranger: createStrangerLog('public.listen', world.clock, ({ message, fields }) =>
      world.log.warn(message, fields),
    ),
    onBug: (error) => world.log.error('an endpoint failed for a bug', toErrorFields(error)),
  });
}

/** What the admin API is made of is loaded only where it is on. */
async function toAdmin(deps: ListenersDeps): Promise<HttpListener> {
  const { settings, world, operationsFor, reads, store } = deps;
  const { createAdminServer } = await import('../hub/admin/server.ts');
  const { clock, log } = world;
  return createAdminServer({
    listen: settings.document.admin.listen,
    operations: operationsFor,
    findOperator: createOperatorLogin({ reads, writes: store, hasher: settings.hasher, clock }),
    recordFailure: (actor) => recordFailure(store, actor, Math.floor(clock.now().wallMs)),
    clock,
    newRequestId: world.newRequestId,
    onBug: (error) => log.error('the admin API failed for a bug', toErrorFields(error)),
  });
}

/** A store that cannot be written to must not answer whoever guesses tokens otherwise than it answers all others. */
async function recordFailure(
  store: Pick<StoreWrites, 'recordAttempt'>,
  { name: actor, source, requestId }: Actor,
  atMs: number,
): Promise<void> {
  try {
    await store.recordAttempt({ actor, source, requestId, action: 'login.fail', atMs });
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
  }
}
