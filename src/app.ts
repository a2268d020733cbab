import { randomBytes, randomUUID } from 'node:crypto';
import { readGatewayFacts } from './compose/gateway-facts.ts';
import type { GatewayFacts } from './compose/gateway-facts.ts';
import type { Halves, HalvesOptions } from './compose/halves.ts';
import { inspectTokenByConfig } from './compose/inspect-token.ts';
import type { TokenInspection, TokenQuestion } from './compose/inspect-token.ts';
import { openOperations } from './compose/open-operations.ts';
import type { OpenedOperations } from './compose/open-operations.ts';
import { serveHub } from './compose/serve-hub.ts';
import type { ServedHub } from './compose/serve-hub.ts';
import { loadSettings } from './compose/settings.ts';
import type { ConfigPlace } from './compose/settings.ts';
import { migrateStore } from './compose/migrate-store.ts';
import type { MigrationReport } from './compose/migrate-store.ts';
import { validateConfig } from './compose/validate-config.ts';
import type { ValidationReport } from './compose/validate-config.ts';
import type { World } from './compose/world.ts';
import { createClock } from './lib/clock.ts';
import { digestHex } from './lib/key-digest.ts';
import { createLog } from './telemetry/log.ts';

export type { GatewayFacts } from './compose/gateway-facts.ts';
export type { TokenInspection, TokenQuestion } from './compose/inspect-token.ts';
export type { MigrationReport } from './compose/migrate-store.ts';
export type { OpenedOperations } from './compose/open-operations.ts';
export type { ValidationReport } from './compose/validate-config.ts';
export type { ConfigPlace } from './compose/settings.ts';
export type { World } from './compose/world.ts';

export interface AppOptions extends ConfigPlace {
  /** `thread`: store and edge on threads of their own. `direct`: all in this thread, on the world's clock. */
  readonly carrier: 'thread' | 'direct';
  readonly world: World;
}

/** A running Tollgate. */
export interface App extends ServedHub {
  /** What the operator should know about this start, one sentence each. */
  readonly notes: readonly string[];
}

/** Open checks get this long to finish when the server stops, in milliseconds. */
const DRAIN_MS = 10_000;

/** Resolves once every listener answers. Throws `ConfigProblems` or `OperationRefused` for what the operator can mend. */
export async function startApp({ carrier, world, ...place }: AppOptions): Promise<App> {
  const settings = await loadSettings(place, world);
  const createHalves = await loadCarrier(carrier);
  const hub = await serveHub({
    settings,
    world,
    createHalves: (listener) => createHalves({ settings, world, ...listener }),
    drainMs: DRAIN_MS,
  });
  return { ...hub, notes: settings.notes };
}

/** Only the carrier that is used: where the edge has a thread of its own, this one loads nothing of it. */
async function loadCarrier(carrier: AppOptions['carrier']): Promise<(options: HalvesOptions) => Halves> {
  if (carrier === 'direct') return (await import('./compose/direct-halves.ts')).createDirectHalves;
  return (await import('./compose/thread-halves.ts')).createThreadHalves;
}

/** A Tollgate in this thread, on a clock, an environment and a log of the caller's own. */
export interface RehearsalOptions
  extends ConfigPlace, Pick<World, 'clock' | 'env' | 'log' | 'newRequestId' | 'onDecided'> {}

export interface ProgramWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives log lines, each with its newline. */
  readonly writeLog: (line: string) => void;
}

/** What the command line asks for, on the real clock and with real randomness. */
export function createProgram({ env, writeLog }: ProgramWorld) {
  const world: World = {
    clock: createClock(),
    randomBytes,
    newRequestId: () => randomUUID(),
    env,
    log: createLog({ level: 'info', write: writeLog }),
  };
  return {
    async serve(place: ConfigPlace) {
      const app = await startApp({ ...place, carrier: 'thread', world });
      const { checkGrpc, checkHttp, ...others } = app.addresses;
      const listeners = [
        { name: 'check.grpc', address: checkGrpc },
        ...checkHttp.map(({ dialect, address }, at) => ({ name: `check.http.${at} (${dialect})`, address })),
        ...Object.entries(others).map(([name, address]) => ({ name, address })),
      ];
      return { listeners, notes: app.notes, ended: app.ended, stop: () => app.stop() };
    },
    rehearse: ({ config, sets, ...own }: RehearsalOptions): Promise<App> =>
      startApp({ config, sets, carrier: 'direct', world: { ...world, ...own } }),
    openOperations: (place: ConfigPlace): Promise<OpenedOperations> => openOperations(place, world),
    validate: (place: ConfigPlace): Promise<ValidationReport> => validateConfig(place, world),
    gatewayFacts: async (place: ConfigPlace): Promise<GatewayFacts> => readGatewayFacts(place, world),
    migrate: (place: ConfigPlace): Promise<MigrationReport> => migrateStore(place, world),
    async digest(place: ConfigPlace, key: string) {
      const { peppers } = await loadSettings(place, world);
      return digestHex(peppers.current, key);
    },
    inspectToken: (place: ConfigPlace, question: TokenQuestion): Promise<TokenInspection> =>
      inspectTokenByConfig(place, world, question),
  };
}
