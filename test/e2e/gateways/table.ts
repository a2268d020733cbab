import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGatewayClient } from '../../../src/cli/conformance/client/gateway-client.ts';
import { startUpstream } from '../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../src/cli/conformance/client/upstream.ts';
import { loadRecipe } from '../../../src/cli/conformance/recipes.ts';
import type { RecipeName } from '../../../src/cli/conformance/choices.ts';
import { toExceptions } from '../../../src/cli/conformance/table/exceptions.ts';
import { trackExceptions } from '../../../src/cli/conformance/table/tracked-exceptions.ts';
import { CASES, loadCases } from '../../../src/cli/conformance/table/load.ts';
import { runCase } from '../../../src/cli/conformance/table/run.ts';
import type { Way } from '../../../src/cli/conformance/table/run.ts';
import type { GatewayName } from '../../../src/domain/request.ts';
import { partTitle } from '../../parts.ts';
import type { Part } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';

export interface TableRun {
  /** Names the gateway, and its file of exceptions. */
  readonly name: RecipeName;
  /** As titles have it. */
  readonly title?: string;
  readonly dialect: GatewayName;
  readonly part: Part;
  readonly start: (place: GatewayPlace) => Promise<Gateway>;
}

/** What no client can send, and what a gateway leaves out; were it many, a run would prove little. */
const LEFT_OUT_MAX = 40;

/** Declares the tests of one gateway: the documented cases, each sent through it byte for byte. */
export function testTable({ name, title: shown = `a real ${name}`, dialect, part, start }: TableRun): void {
  const all = loadCases(CASES);
  const exceptions = trackExceptions(toExceptions([loadRecipe(name)]));
  const cases = all.filter(
    ({ text, title }) => text.in_process_only === undefined && !exceptions.leavesOut(title),
  );

  test(`nearly every case goes through ${shown}`, () => {
    expect(all.length - cases.length).toBeLessThanOrEqual(LEFT_OUT_MAX);
  });

  const title = partTitle(`through ${shown}`, part);
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
      const place = { host: '127.0.0.1', loopback: true, ...gateway };
      const client = createGatewayClient({ place, upstream, ids: app.requestIds });
      const { clock, publicAddress } = app;
      way = { name: 'a gateway', exceptions, client, operations: app.app.operations, clock, publicAddress };
    });

    afterAll(async () => {
      await gateway?.stop();
      await upstream?.stop();
      await app?.stop();
    });

    test.each(cases.map((loaded) => [loaded.title, loaded] as const))('%s', async (_, loaded) => {
      expect(await runCase(loaded, way)).toEqual([]);
    });

    test('every header that is declared as lost was lost', () => {
      expect(exceptions.listUnneeded()).toEqual([]);
    });

    test('no case caused an outage or a bug', async () => {
      expect(app.errors).toEqual([]);
      expect((await gateway.readErrors?.()) ?? '').not.toMatch(/no decision|\[plugin\] failed/);
    });
  });
}
