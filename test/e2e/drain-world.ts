import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
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

/** In a folder of its own below this one. */
export async function startServer(folder: string, name: string): Promise<Server> {
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
export async function stopServer({ serving }: Server): Promise<void> {
  serving.child.kill('SIGTERM');
  const { code, signal, stderr } = await serving.ended;
  if (code !== 0 || signal !== null) throw new Error(`the server ended with ${code ?? signal}: ${stderr}`);
}

export async function restartServer(server: Server): Promise<void> {
  await stopServer(server);
  server.serving = await startServe(server.place);
  await pause(BETWEEN_MS);
}

export interface Gateway {
  readonly binary: string;
  readonly servers: readonly Server[];
  /** Changes the recipe before it is asked of these servers. */
  readonly change?: (recipe: string) => string;
}

export interface StartedGateway {
  readonly envoy: EnvoyProcess;
  readonly stop: () => Promise<void>;
}

/** The recipe in front of the servers and of an application; it counts all servers as well. */
export async function startGateway({ binary, servers, change = same }: Gateway): Promise<StartedGateway> {
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
