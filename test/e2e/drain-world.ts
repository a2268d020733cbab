import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { AUTHZ, withAuthz } from './authz-cluster.ts';
import { poll, readStat } from './envoy.ts';
import { findFreePort } from './free-port.ts';
import { runCommand, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

/** A server of its own store, on a port that it keeps over restarts. */
export interface Server {
  readonly place: Place;
  serving: Serving;
}

export const DRAIN_HOST = 'api.claryai.com';
export const DRAIN_TARGET = '/v1/things';
/** No secret of anybody: every server's store gets it. */
export const DRAIN_KEY = 'drain-test-key-0123456789abcdef';

/** Sooner than the recipe's, so that a server that is back is soon counted again. */
const HEALTH_INTERVAL = '1s';
/** A server that restarts for less time than this would not be missed. */
const BETWEEN_MS = 200;

/** What a test restarts under load: ended after it, by whoever declared it. */
export interface DrainWorld {
  readonly servers: readonly Server[];
  readonly envoy: EnvoyProcess;
}

export interface DrainPlan {
  /** One server each. */
  readonly names: readonly string[];
  /** Changes the recipe before it is asked of these servers. */
  readonly change?: (recipe: string) => string;
}

/** Declares the hooks of a `describe`, and answers with what begins the world of each of its tests. */
export function prepareDrains(binary: string): (plan: DrainPlan) => Promise<DrainWorld> {
  const opened: (() => Promise<unknown>)[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-drain-'));
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  return async ({ names, change = same }) => {
    const servers: Server[] = [];
    for (const name of names) {
      const server = await startServer(folder, name);
      opened.push(() => stopServer(server));
      servers.push(server);
    }
    const { envoy, stop } = await startGateway({ binary, servers, change });
    opened.push(stop);
    return { servers, envoy };
  };
}

/** In a folder of its own below this one. */
async function startServer(folder: string, name: string): Promise<Server> {
  const own = join(folder, name);
  await mkdir(own);
  const place = { folder: own, sets: [`check.grpc.listen=127.0.0.1:${await findFreePort()}`] };
  const server = { place, serving: await startServe(place) };
  try {
    const keys = join(own, 'keys.jsonl');
    const line = { key: DRAIN_KEY, name: 'drain', permissions: ['documents:read'] };
    await writeFile(keys, `${JSON.stringify(line)}\n`);
    await run(['accounts', 'create', '--api', 'clary', '--id', 'acme'], place);
    await run(['keys', 'import', keys, '--api', 'clary', '--account', 'acme'], place);
    return server;
  } catch (error) {
    await stopServer(server);
    throw error;
  }
}

/** Ends a server as its supervisor would; it must go by itself and without a complaint. */
async function stopServer({ serving }: Server): Promise<void> {
  serving.child.kill('SIGTERM');
  const { code, signal, stderr } = await serving.ended;
  if (code !== 0 || signal !== null) throw new Error(`the server ended with ${code ?? signal}: ${stderr}`);
}

export async function restartServer(server: Server): Promise<void> {
  await stopServer(server);
  server.serving = await startServe(server.place);
  await pause(BETWEEN_MS);
}

interface Gateway {
  readonly binary: string;
  readonly servers: readonly Server[];
  readonly change: (recipe: string) => string;
}

interface StartedGateway {
  readonly envoy: EnvoyProcess;
  readonly stop: () => Promise<void>;
}

/** The recipe in front of the servers and of an application; it counts all servers as well. */
async function startGateway({ binary, servers, change }: Gateway): Promise<StartedGateway> {
  const echo = await startEcho(0);
  const recipe = change(await readFile(new URL('../../envoy.yaml', import.meta.url), 'utf8'));
  const addresses = servers.map(({ serving }) => serving.address);
  const envoy = await startEnvoy({
    binary,
    recipe: withAuthz(recipe, { addresses, healthInterval: HEALTH_INTERVAL }),
    ports: { listen: 0, admin: 0, authz: 0, app: echo.port },
  });
  await allHealthy(envoy, servers.length);
  return {
    envoy,
    async stop() {
      await envoy.stop();
      await echo.stop();
    },
  };
}

/** Restarts one server after the other while `goesOn` says so, each only once the gateway counts all as well again. */
export async function restartInTurn(
  envoy: EnvoyProcess,
  servers: readonly Server[],
  goesOn: (turn: number) => boolean,
): Promise<number> {
  let turn = 0;
  for (; goesOn(turn); turn += 1) {
    const server = servers[turn % servers.length];
    if (server !== undefined) await restartServer(server);
    // Whoever restarts the next one before the gateway asks the last one again has restarted both.
    await allHealthy(envoy, servers.length);
  }
  return turn;
}

/** Resolves once Envoy counts so many servers as well. */
async function allHealthy({ adminUrl }: EnvoyProcess, count: number): Promise<void> {
  await poll(
    () => readStat(adminUrl, `cluster.${AUTHZ}.membership_healthy`),
    (healthy) => healthy === count,
  );
}

async function run(args: readonly string[], place: Place): Promise<void> {
  const { code, stderr } = await runCommand(args, place);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
}

const same = (recipe: string): string => recipe;
