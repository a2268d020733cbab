import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import { createEnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import type { EnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import { partTitle, requirePart } from '../parts.ts';
import { poll, readStat } from './envoy.ts';
import { ANY_PORT } from './grpc-listener.ts';
import { allowReply, denyReply } from './replies.ts';
import { askMany, withPatience } from './wire-load.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';

const REQUESTS = 50_000;
/** Clients, Envoy and server share the machine: many more, and what is measured is its patience. */
const CLIENTS = 16;
const GRACE_MS = 10_000;

const DENY = denyReply({ code: 'credential_missing', status: 401 });

describe.skipIf('missing' in part)(partTitle('the wire transport behind a real Envoy', part), () => {
  const opened: (() => Promise<unknown>)[] = [];
  const bugs: unknown[] = [];
  let refused = 0;

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  async function serve(
    listen: string,
  ): Promise<{ readonly server: EnvoyGrpcServer; readonly address: string }> {
    const server = createEnvoyGrpcServer({
      ...ANY_PORT,
      listen,
      transport: 'wire',
      // Every third at once, every third later, and one that is let through.
      answer: ({ target }) => {
        if (target.endsWith('?allow')) return allowReply();
        return target.endsWith('?later') ? Promise.resolve(DENY) : DENY;
      },
      refuse: () => {
        refused += 1;
        return denyReply({ code: 'unavailable', status: 503 });
      },
      onBug: (error) => bugs.push(error),
      onRefused: () => {},
    });
    const { address } = await server.start();
    server.announceServing();
    return { server, address };
  }

  async function begin() {
    const { server, address } = await serve('127.0.0.1:0');
    const echo = await startEcho(0);
    opened.push(() => echo.stop());
    const authzPort = Number(address.split(':').at(-1));
    const recipe = await readFile(new URL('../../envoy.yaml', import.meta.url), 'utf8');
    const ports = { listen: 0, admin: 0, authz: authzPort, app: echo.port };
    const envoy = await startEnvoy({ binary, recipe: withPatience(recipe), ports });
    opened.push(() => envoy.stop());
    const stat = (name: string) => readStat(envoy.adminUrl, name);
    await poll(
      () => stat('cluster.authz.membership_healthy'),
      (healthy) => healthy === 1,
    );
    return { server, address, envoy, stat };
  }

  test('fifty thousand requests meet not one error and not one reset', async () => {
    const { server, envoy, stat } = await begin();
    opened.push(() => server.stop(GRACE_MS));
    const statuses = await askMany(envoy.baseUrl, {
      questions: QUESTIONS,
      clients: CLIENTS,
      goesOn: (asked) => asked < REQUESTS,
    });
    const names = [
      'http.ingress.ext_authz.error',
      'cluster.authz.upstream_rq_rx_reset',
      'cluster.authz.upstream_rq_timeout',
      'cluster.authz.upstream_rq_retry',
      'cluster.authz.health_check.failure',
    ];
    const faults = await Promise.all(names.map(async (name) => [name, await stat(name)] as const));
    expect({ refused, statuses, faults }).toEqual({
      refused: 0,
      statuses: new Map([
        ['200', REQUESTS / 2],
        ['401', REQUESTS / 2],
      ]),
      faults: names.map((name) => [name, 0]),
    });
    expect(bugs).toEqual([]);
  });
});

const QUESTIONS = (['now', 'allow', 'later', 'allow'] as const).map((query) => ({
  path: `/api/public/v1/videos?${query}`,
  headers: { host: 'api.truedy.ai' },
  status: query === 'allow' ? 200 : 401,
}));
