import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, SeenAnswer, SentRequest } from '../../cases/client.ts';
import { createEnvoyClient, startUpstream } from '../../cases/envoy-client.ts';
import type { Upstream } from '../../cases/envoy-client.ts';
import { loadExceptions } from '../../cases/exceptions.ts';
import { loadCases } from '../../cases/load.ts';
import { runCase } from '../../cases/run.ts';
import type { Way } from '../../cases/run.ts';
import { partTitle } from '../../parts.ts';
import type { TestRequestIds } from '../../world.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import { findFronts } from './kong-front.ts';
import type { FrontKind } from './kong-front.ts';
import type { KongFront } from './kong-recipe.ts';

const all = loadCases(new URL('../../cases/', import.meta.url));
const exceptions = loadExceptions('kong');
const cases = all.filter(
  (loaded) => loaded.text.in_process_only === undefined && !exceptions.leavesOut(loaded),
);
/** What no client can send, and what Kong leaves out; were it many, a run would prove little. */
const LEFT_OUT_MAX = 25;

test('nearly every case goes through Kong, and every exception names a case', () => {
  expect(all.length - cases.length).toBeLessThanOrEqual(LEFT_OUT_MAX);
  expect(exceptions.listStale(all)).toEqual([]);
});

for (const kind of await findFronts()) {
  const title = `the documented cases through ${kind.name}`;
  if ('missing' in kind.part) test.skip(partTitle(title, kind.part));
  else describe(title, () => runAll(kind));
}

function runAll(kind: FrontKind): void {
  let app: GatewayApp;
  let upstream: Upstream;
  let kong: KongFront;
  let way: Way;

  beforeAll(async () => {
    app = await startGatewayApp('kong');
    upstream = await startUpstream();
    kong = await kind.start({
      url: `http://127.0.0.1:${app.port}`,
      token: GATEWAY_TOKEN,
      appPort: upstream.port,
      publicPort: app.publicPort,
    });
    const client = createKongClient(kong, upstream, app.requestIds);
    const { clock, publicPort } = app;
    way = { name: 'a gateway', exceptions, client, operations: app.app.operations, clock, publicPort };
  });

  afterAll(async () => {
    await kong?.stop();
    await upstream?.stop();
    await app?.stop();
  });

  test.each(cases.map((loaded) => [loaded.title, loaded] as const))('%s', async (_, loaded) => {
    await runCase(loaded, way);
  });

  test('no case caused an outage or a bug', async () => {
    expect(app.errors).toEqual([]);
    expect(await kong.readErrors()).not.toMatch(/no decision|\[plugin\] failed/);
  });
}

/** gRPC clients have a port of their own. */
function createKongClient(kong: KongFront, upstream: Upstream, requestIds: TestRequestIds): Client {
  const clients = {
    http: createEnvoyClient(kong.port, upstream),
    grpc: createEnvoyClient(kong.http2Port, upstream),
  };
  const askOnce: Client['ask'] = async (sent) => {
    const before = requestIds.count();
    const { headers, ...seen } = await clients[sent.protocol].ask(sent);
    const made = requestIds.count() - before;
    return {
      ...seen,
      headers: headers.filter((line) => !KONGS_OWN.test(line)),
      requestId: made === 0 ? (idOf(sent) ?? kongsIdIn(headers)) : requestIds.last(),
    };
  };
  return {
    async ask(sent) {
      let seen = await askOnce(sent);
      for (let tries = 1; isRefusedForWork(seen) && tries < TRIES_MAX; tries += 1) seen = await askOnce(sent);
      return seen;
    },
  };
}

/** Tollgate is in this process: where that is busy for long, it refuses, which spends nothing. */
const TRIES_MAX = 5;

function isRefusedForWork({ status, headers }: SeenAnswer): boolean {
  return status === 503 || headers.includes('grpc-status: 14');
}

const KONGS_OWN = /^(?:x-kong-[a-z-]+|via):/;

/** The client's own, which is taken over where it is a UUID. */
function idOf({ headers }: SentRequest): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'x-request-id')?.[1];
}

/** Kong's, in the form of a UUID. */
function kongsIdIn(headers: readonly string[]): string {
  const id = headers.find((line) => line.startsWith('x-kong-request-id: '))?.split(' ')[1] ?? '';
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
