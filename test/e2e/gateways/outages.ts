import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startUpstream } from '../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../src/cli/conformance/client/upstream.ts';
import { createDoor } from '../../../src/cli/conformance/door.ts';
import type { Door, Stoppable } from '../../../src/cli/conformance/door.ts';
import { OUTAGES, TOKEN_OUTAGE } from '../../../src/cli/conformance/outages.ts';
import { loadRecipe } from '../../../src/cli/conformance/recipes.ts';
import { toExceptions } from '../../../src/cli/conformance/table/exceptions.ts';
import { trackExceptions } from '../../../src/cli/conformance/table/tracked-exceptions.ts';
import { takeTrial } from '../../../src/cli/conformance/trial.ts';
import { partTitle } from '../../parts.ts';
import { findFreePort } from '../free-port.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import type { Gateway } from './gateway.ts';
import type { TableRun } from './table.ts';

/** Declares what one gateway's clients get where Tollgate does not decide: never a pass. */
export function testOutages({ name, title: shown = `a real ${name}`, dialect, part, start }: TableRun): void {
  const title = partTitle(`${shown} without a decision`, part);
  if ('missing' in part) {
    test.skip(title);
    return;
  }
  const binary = part.found;
  const exceptions = trackExceptions(toExceptions([loadRecipe(name)]));
  const all = dialect === 'envoy-grpc' ? OUTAGES : [...OUTAGES, TOKEN_OUTAGE];
  const trials = all.filter((trial) => !exceptions.leavesOut(trial.title));

  describe(title, () => {
    let other: GatewayApp | undefined;
    let door: Door & Stoppable;
    let upstream: Upstream;
    let gateway: Gateway;

    beforeAll(async () => {
      // The port is listened on again, so no connection may be given it meanwhile.
      const app = await startGatewayApp(dialect, { listen: `127.0.0.1:${await findFreePort()}` });
      upstream = await startUpstream();
      gateway = await start({
        binary,
        authzPort: app.port,
        publicPort: app.publicPort,
        appPort: upstream.port,
        token: GATEWAY_TOKEN,
      });
      const address = `127.0.0.1:${app.port}`;
      door = createDoor({
        address,
        first: app,
        startOther: async () =>
          (other = await startGatewayApp(dialect, {
            listen: address,
            token: `${GATEWAY_TOKEN}-of-tomorrow`,
          })),
      });
    });

    afterAll(async () => {
      await gateway?.stop();
      await upstream?.stop();
      await door?.stop();
    });

    test.each(trials.map((trial) => [trial.title, trial] as const))('%s', async (_, trial) => {
      const place = { host: '127.0.0.1', loopback: true, ...gateway };
      expect(await takeTrial(trial, { door, place, upstream, exceptions, pause })).toEqual([]);
    });

    if (dialect === 'envoy-grpc') return;
    test('the log tells of questions without the token, and holds none', async () => {
      // What an edge has to tell it tells once a second, and when it ends.
      await door.stop();
      const log = other?.logged.join('\n');
      expect(log).toContain("without the gateway's token");
      expect(log).not.toContain(GATEWAY_TOKEN);
    });
  });
}
