import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';

const RECIPE = new URL('../../envoy.yaml', import.meta.url);
const REQUEST_MS = 5_000;
const POLL_MS = 25;
const POLL_LIMIT_MS = 10_000;

/** The recipe as it stands in the repository, on free ports, in front of these two. */
export async function startRecipe(options: {
  readonly binary: string;
  readonly authzPort: number;
  readonly appPort: number;
  /** Of Tollgate's own endpoints; absent: nobody asks for them. */
  readonly publicPort?: number;
  /** For `%ENVIRONMENT(…)%`. */
  readonly env?: Readonly<Record<string, string>>;
}): Promise<EnvoyProcess> {
  const { binary, authzPort: authz, appPort: app, publicPort, env = {} } = options;
  const ports = { listen: 0, admin: 0, authz, app, ...(publicPort && { public: publicPort }) };
  return startEnvoy({ binary, recipe: await readFile(RECIPE, 'utf8'), ports, env });
}

export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  /** Name, value, name, value: repeated names and spelling go out as they stand here. */
  readonly headers?: readonly string[];
  /** Sent with its length. */
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request through a gateway, on a connection of its own. */
export async function ask(baseUrl: string, asked: Asked): Promise<Answered> {
  const { hostname, port } = new URL(baseUrl);
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const request = httpRequest({
    hostname,
    port,
    method: asked.method ?? 'GET',
    path: asked.target ?? '/api/public/v1/videos',
    headers: ['host', asked.host ?? 'api.truedy.ai', ...(asked.headers ?? []), ...lengthOf(asked.body)],
    agent: false,
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  request.on('error', reject);
  request.on('response', (response) => {
    text(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      reject,
    );
  });
  request.end(asked.body);
  return promise;
}

function lengthOf(body: Asked['body']): readonly string[] {
  return body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
}

/** Asks again until the answer fits. Rejects with the last one where it never does. */
export async function poll<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const giveUpMs = performance.now() + POLL_LIMIT_MS;
  for (;;) {
    const value = await read();
    if (fits(value)) return value;
    if (performance.now() > giveUpMs) throw new Error(`still: ${JSON.stringify(value)}`);
    await pause(POLL_MS);
  }
}

/** One of Envoy's counters or gauges; 0 where it does not exist yet. */
export async function readStat(adminUrl: string, name: string): Promise<number> {
  const response = await fetch(`${adminUrl}/stats?filter=^${name}$`, {
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  return Number(/: (\d+)/.exec(await response.text())?.[1] ?? 0);
}
