import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { startEcho } from '../../src/cli/echo.ts';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import type { CreatedKey, KeyRights } from '../../src/domain/operations.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createTestClock, createTestRequestIds, testRandomBytes } from '../world.ts';
import type { TestClock } from '../world.ts';
import { ask, poll, readStat } from './envoy.ts';
import type { Answered } from './envoy.ts';

const REPOSITORY = new URL('../../', import.meta.url);
const START_MS = Date.UTC(2026, 0, 15, 10, 30);
const TOKEN = 'the-gateways-own-token-0123456789abcdef';
const HOST = 'api.freddy.aitronos.com';

/** Freddy behind a real Envoy. */
export interface SessionWorld {
  readonly app: App;
  /** Which the test moves, where the time is `test`. */
  readonly clock: TestClock;
  readonly envoy: EnvoyProcess;
  /** What was logged at ERROR. */
  readonly errors: readonly string[];
  makeKey(rights?: KeyRights): Promise<CreatedKey>;
  post(target: string, sent?: Sent): Promise<Answered>;
  get(target: string, headers?: readonly string[]): Promise<Answered>;
  stop(): Promise<void>;
}

/** At most one of `form`, `json` and `body`; without any there is no body. */
export interface Sent {
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly headers?: readonly string[];
  readonly method?: string;
}

/** Where clients find the API: its documented place unless a test has another. */
export interface SessionPlace {
  readonly host: string;
  readonly issuer: string;
  /** `real`: on its three threads, with the machine's clock. */
  readonly time: 'test' | 'real';
}

const DOCUMENTED: SessionPlace = { host: HOST, issuer: `https://${HOST}`, time: 'test' };

export async function startSessionWorld(binary: string, place = DOCUMENTED): Promise<SessionWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-sessions-'));
  const clock = createTestClock(START_MS);
  const errors: string[] = [];
  const app = await startApp({
    config: await writeConfig(folder, place),
    sets: [
      `store.url=sqlite:${join(folder, 'tollgate.db')}`,
      'check.grpc.listen=127.0.0.1:0',
      'public.listen=127.0.0.1:0',
      'admin.listen=off',
      'telemetry.listen=off',
    ],
    carrier: place.time === 'real' ? 'thread' : 'direct',
    world: {
      clock: place.time === 'real' ? createClock() : clock,
      newRequestId: createTestRequestIds().next,
      randomBytes: testRandomBytes,
      env: { TOLLGATE_GATEWAY_TOKEN: TOKEN, FREDDY_ISSUER: place.issuer },
      log: {
        error: (message, fields = {}) => void errors.push(`${message} ${JSON.stringify(fields)}`),
        warn() {},
        info() {},
        debug() {},
      },
    },
  });
  const upstream = await startEcho(0);
  const recipe = await readFile(new URL('envoy.yaml', REPOSITORY), 'utf8');
  const envoy = await startEnvoy({
    binary,
    recipe: recipe.replaceAll(HOST, place.host),
    ports: {
      listen: 0,
      admin: 0,
      authz: portOf(app.addresses.checkGrpc),
      public: portOf(app.addresses.public),
      app: upstream.port,
    },
    env: { TOLLGATE_GATEWAY_TOKEN: TOKEN },
  });
  await poll(
    () => readStat(envoy.adminUrl, 'cluster.authz.membership_healthy'),
    (healthy) => healthy === 1,
  );
  let accounts = 0;
  return {
    app,
    clock,
    envoy,
    errors,
    async makeKey(rights = {}) {
      const account = `account-${(accounts += 1)}`;
      await app.operations.createAccount({ api: 'freddy', id: account });
      return app.operations.createKey({ api: 'freddy', account, name: 'App', ...rights });
    },
    post: (target, sent = {}) =>
      ask(envoy.baseUrl, { host: place.host, target, method: 'POST', ...toAsked(sent) }),
    get: (target, headers = []) => ask(envoy.baseUrl, { host: place.host, target, headers }),
    async stop() {
      await envoy.stop();
      await upstream.stop();
      await app.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Freddy's own file, at that place. */
async function writeConfig(folder: string, { host }: SessionPlace): Promise<string> {
  const api = await readFile(new URL('config/apis/freddy.yaml', REPOSITORY), 'utf8');
  const config = join(folder, 'tollgate.yaml');
  await writeFile(join(folder, 'freddy.yaml'), api.replace(`hosts: [${HOST}]`, `hosts: [${host}]`));
  await writeFile(
    config,
    "check: { budget: 10s }\npublic: { token: '${TOLLGATE_GATEWAY_TOKEN}' }\napis: [freddy.yaml]\n",
  );
  return config;
}

function toAsked({ form, json, body, headers = [], method }: Sent) {
  const by = method === undefined ? {} : { method };
  if (form !== undefined) {
    const type = ['content-type', 'application/x-www-form-urlencoded'];
    return { ...by, headers: [...headers, ...type], body: new URLSearchParams(form).toString() };
  }
  if (json !== undefined) {
    return { ...by, headers: [...headers, 'content-type', 'application/json'], body: JSON.stringify(json) };
  }
  return { ...by, headers, ...(body !== undefined && { body }) };
}

export interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

/** The tokens of an answer; fails where it is a refusal. */
export function toPair({ status, body }: Answered): Pair {
  if (status !== 200) throw new Error(`no tokens: ${status} ${body}`);
  return JSON.parse(body) as Pair;
}

export const bearer = (token: string): readonly string[] => ['authorization', `Bearer ${token}`];

export function basic(id: string, secret: string): readonly string[] {
  return ['authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`];
}

function portOf(address = ''): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
