import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { TRANSPORTS } from '../../src/edge/gateway/envoy-grpc/limits.ts';
import { DOCUMENTED, ENV, publicAddressOf, startCaseApp } from '../cases/app.ts';
import type { CaseApp } from '../cases/app.ts';
import { TABLE_START_MS } from '../../src/cli/conformance/table/case-world.ts';
import { createGatewayClient } from '../../src/cli/conformance/client/gateway-client.ts';
import { startUpstream } from '../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../src/cli/conformance/client/upstream.ts';
import { loadRecipe } from '../../src/cli/conformance/recipes.ts';
import { toExceptions } from '../../src/cli/conformance/table/exceptions.ts';
import { trackExceptions } from '../../src/cli/conformance/table/tracked-exceptions.ts';
import { CASES, loadCases } from '../../src/cli/conformance/table/load.ts';
import { runCase } from '../../src/cli/conformance/table/run.ts';
import type { Way } from '../../src/cli/conformance/table/run.ts';
import { partTitle, requirePart } from '../parts.ts';
import { poll, readStat, startRecipe } from './envoy.ts';

const part = await requirePart('envoy');
const all = loadCases(CASES);
const cases = all.filter(({ text }) => text.in_process_only === undefined);

/** What Envoy's clients cannot send is tried in process alone; were it many, this run would prove little. */
const ONLY_IN_PROCESS_MAX = 20;

test('nearly every case goes through Envoy', () => {
  expect(all.length - cases.length).toBeLessThanOrEqual(ONLY_IN_PROCESS_MAX);
});

describe.skipIf('missing' in part).each(TRANSPORTS)(
  partTitle('through a real Envoy, over %s', part),
  (transport) => {
    let started: CaseApp;
    let upstream: Upstream;
    let envoy: EnvoyProcess;
    let way: Way;
    let askedAgain = 0;

    beforeAll(async () => {
      started = await startCaseApp(DOCUMENTED, TABLE_START_MS, ENV, [`check.grpc.transport=${transport}`]);
      upstream = await startUpstream();
      const authzPort = Number(started.app.addresses.checkGrpc.split(':').at(-1));
      const binary = 'found' in part ? part.found : '';
      const publicPort = Number(started.app.addresses.public?.split(':').at(-1));
      envoy = await startRecipe({ binary, authzPort, publicPort, appPort: upstream.port });
      await poll(
        () => readStat(envoy.adminUrl, 'cluster.authz.membership_healthy'),
        (healthy) => healthy === 1,
      );
      const { app, clock, requestIds: ids } = started;
      const place = { host: '127.0.0.1', port: Number(new URL(envoy.baseUrl).port), loopback: true };
      const client = createGatewayClient({ place, upstream, ids, onAskedAgain: () => (askedAgain += 1) });
      const exceptions = trackExceptions(toExceptions([loadRecipe('envoy')]));
      const publicAddress = publicAddressOf(app);
      way = { name: 'a gateway', exceptions, client, operations: app.operations, clock, publicAddress };
    });

    afterAll(async () => {
      await envoy?.stop();
      await upstream?.stop();
      await started?.stop();
    });

    test.each(cases.map((loaded) => [loaded.title, loaded] as const))('%s', async (_, loaded) => {
      expect(await runCase(loaded, way)).toEqual([]);
    });

    test('no case caused an outage or a bug', async () => {
      expect(started.errors).toEqual([]);
      expect(await readStat(envoy.adminUrl, 'http.ingress.ext_authz.error')).toBeLessThanOrEqual(askedAgain);
    });
  },
);
