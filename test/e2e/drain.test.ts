import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { partTitle, requirePart } from '../parts.ts';
import { AUTHZ, withAuthz } from './authz-cluster.ts';
import { ask, poll, readStat } from './envoy.ts';
import { runCommand, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';

const HOST = 'api.claryai.com';
const TARGET = '/v1/things';
/** No secret of anybody: both servers' stores get it. */
const KEY = 'drain-test-key-0123456789abcdef';
const WITH_KEY = { host: HOST, target: TARGET, headers: ['authorization', `Bearer ${KEY}`] };
const WITHOUT_KEY = { host: HOST, target: TARGET };

/** Requests under way at once, and how long each lane rests between two, in milliseconds: a light, bounded load. */
const LANES = 4;
const REST_MS = 4;
/** Ten and more, by hand, show what four may miss. */
const RESTARTS = Number(process.env['DRAIN_RESTARTS'] ?? 4);
/** Sooner than the recipe's, so that a server that is back is soon counted again. */
const HEALTH_INTERVAL = '1s';
const REQUESTS_MIN = 1_000;
/** A server that restarts for less time than this would not be missed. */
const BETWEEN_MS = 200;

interface Server {
  readonly place: Place;
  serving: Serving;
}

interface Outcome {
  asked: number;
  /** No answer, or Envoy's own for want of one. */
  lost: number;
  /** An allow without a key, or a refusal of a good one. */
  readonly wrong: string[];
}

describe.skipIf('missing' in part)(partTitle('restarting under load behind Envoy', part), () => {
  const opened: (() => Promise<unknown>)[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-drain-'));
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function startServer(name: string): Promise<Server> {
    const own = join(folder, name);
    await mkdir(own);
    const place = { folder: own, sets: [`check.grpc.listen=127.0.0.1:${await freePort()}`] };
    const serving = await startServe(place);
    const server = { place, serving };
    opened.push(() => stop(server));
    const keys = join(own, 'keys.jsonl');
    await writeFile(
      keys,
      `${JSON.stringify({ key: KEY, name: 'drain', permissions: ['documents:read'] })}\n`,
    );
    await run(['accounts', 'create', '--api', 'clary', '--id', 'acme'], place);
    await run(['keys', 'import', keys, '--api', 'clary', '--account', 'acme'], place);
    return server;
  }

  async function startGateway(servers: readonly Server[]): Promise<EnvoyProcess> {
    const echo = await startEcho(0);
    opened.push(() => echo.stop());
    const recipe = await readFile(new URL('../../envoy.yaml', import.meta.url), 'utf8');
    const addresses = servers.map(({ serving }) => serving.address);
    const ports = { listen: 0, admin: 0, authz: 0, app: echo.port };
    const envoy = await startEnvoy({
      binary,
      recipe: withAuthz(recipe, { addresses, healthInterval: HEALTH_INTERVAL }),
      ports,
    });
    opened.push(() => envoy.stop());
    await allHealthy(envoy, servers.length);
    return envoy;
  }

  test(
    'two servers, one after the other, lose at most one check in a thousand and answer none wrongly',
    async () => {
      const servers = [await startServer('a'), await startServer('b')];
      const envoy = await startGateway(servers);
      const restarts = async (): Promise<void> => {
        for (let turn = 0; turn < RESTARTS; turn += 1) {
          const server = servers[turn % servers.length];
          if (server !== undefined) await restart(server);
          // Whoever restarts the next one before the gateway asks the last one again has restarted both.
          await allHealthy(envoy, servers.length);
        }
      };
      const { asked, lost, wrong } = await askUntil(envoy, restarts());
      process.stdout.write(`${RESTARTS} rolling restarts: ${lost} of ${asked} checks lost\n`);
      expect(wrong).toEqual([]);
      expect(lost).toBeLessThanOrEqual(Math.ceil(asked / 1_000));
    },
    60_000 + RESTARTS * 15_000,
  );

  test(
    'the only server answers nothing wrongly, before, meanwhile and after',
    async () => {
      const server = await startServer('only');
      const envoy = await startGateway([server]);
      const { asked, lost, wrong } = await askUntil(envoy, restart(server));
      process.stdout.write(`one restart of the only server: ${lost} of ${asked} checks lost\n`);
      expect(wrong).toEqual([]);
      expect(lost).toBeLessThan(asked);
      expect((await ask(envoy.baseUrl, WITH_KEY)).status).toBe(200);
    },
    60_000 + RESTARTS * 15_000,
  );
});

/** Ends a server as its supervisor would; it must go by itself and without a complaint. */
async function stop({ serving }: Server): Promise<void> {
  serving.child.kill('SIGTERM');
  const { code, signal, stderr } = await serving.ended;
  if (code !== 0 || signal !== null) throw new Error(`the server ended with ${code ?? signal}: ${stderr}`);
}

async function run(args: readonly string[], place: Place): Promise<void> {
  const { code, stderr } = await runCommand(args, place);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks in LANES until `until` is done and enough was asked. */
async function askUntil({ baseUrl }: EnvoyProcess, until: Promise<unknown>): Promise<Outcome> {
  const outcome: Outcome = { asked: 0, lost: 0, wrong: [] };
  const load = { isOver: false };
  const over = until.finally(() => (load.isOver = true));
  const lane = async (): Promise<void> => {
    while (!load.isOver || outcome.asked < REQUESTS_MIN) {
      const isKnown = outcome.asked % 2 === 0;
      outcome.asked += 1;
      const status = await ask(baseUrl, isKnown ? WITH_KEY : WITHOUT_KEY).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 503 || status === 0) outcome.lost += 1;
      else if (status !== (isKnown ? 200 : 401)) outcome.wrong.push(`${isKnown} ${status}`);
      await pause(REST_MS);
    }
  };
  await Promise.all([over, ...Array.from({ length: LANES }, lane)]);
  return outcome;
}

/** Resolves once Envoy counts so many servers as well. */
async function allHealthy({ adminUrl }: EnvoyProcess, count: number): Promise<void> {
  await poll(
    () => readStat(adminUrl, `cluster.${AUTHZ}.membership_healthy`),
    (healthy) => healthy === count,
  );
}

async function restart(server: Server): Promise<void> {
  await stop(server);
  server.serving = await startServe(server.place);
  await pause(BETWEEN_MS);
}
