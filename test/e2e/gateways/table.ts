import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpDialect } from '../../../src/domain/request.ts';
import { createEnvoyClient, startUpstream } from '../../cases/envoy-client.ts';
import type { Upstream } from '../../cases/envoy-client.ts';
import { loadExceptions } from '../../cases/exceptions.ts';
import { loadCases } from '../../cases/load.ts';
import { runCase } from '../../cases/run.ts';
import type { Way } from '../../cases/run.ts';
import { partTitle } from '../../parts.ts';
import type { Part } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';

export interface TableRun {
  /** Names the gateway, and its file of exceptions. */
  readonly name: string;
  readonly dialect: HttpDialect;
  readonly part: Part;
  readonly start: (place: GatewayPlace) => Promise<Gateway>;
  /** What a client gets where Tollgate does not answer. */
  readonly whenGone: {
    readonly status: number;
    /** Whether the recipe can bound how long the gateway waits. */
    readonly givesUp: boolean;
  };
}

/** What no client can send, and what a gateway leaves out; were it many, a run would prove little. */
const LEFT_OUT_MAX = 40;

/** Declares the tests of one gateway: the documented cases, each sent through it byte for byte. */
export function testTable({ name, dialect, part, start }: TableRun): void {
  const all = loadCases(new URL('../../cases/', import.meta.url));
  const exceptions = loadExceptions(name);
  const cases = all.filter(
    (loaded) => loaded.text.in_process_only === undefined && !exceptions.leavesOut(loaded),
  );

  test('nearly every case goes through it, and every exception names a case', () => {
    expect(all.length - cases.length).toBeLessThanOrEqual(LEFT_OUT_MAX);
    expect(exceptions.listStale(all)).toEqual([]);
  });

  const title = partTitle(`through a real ${name}`, part);
  // One skip and not one for each case: the list of allowed skips names tests one by one.
  if ('missing' in part) {
    test.skip(title);
    return;
  }
  const binary = part.found;

  describe(title, () => {
    let app: GatewayApp;
    let upstream: Upstream;
    let gateway: Gateway;
    let way: Way;

    beforeAll(async () => {
      app = await startGatewayApp(dialect);
      upstream = await startUpstream();
      gateway = await start({
        binary,
        authzPort: app.port,
        publicPort: app.publicPort,
        appPort: upstream.port,
        token: GATEWAY_TOKEN,
      });
      const client = createEnvoyClient(gateway.port, upstream);
      const { clock, publicPort } = app;
      way = { name: 'a gateway', exceptions, client, operations: app.app.operations, clock, publicPort };
    });

    afterAll(async () => {
      await gateway?.stop();
      await upstream?.stop();
      await app?.stop();
    });

    test.each(cases.map((loaded) => [loaded.title, loaded] as const))('%s', async (_, loaded) => {
      await runCase(loaded, way);
    });

    test('no case caused an outage or a bug', () => {
      expect(app.errors).toEqual([]);
    });
  });
}
