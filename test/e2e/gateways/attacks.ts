import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ATTACKS, ENDPOINT_TRIALS } from '../../../src/cli/conformance/attacks/attacks.ts';
import { openField } from '../../../src/cli/conformance/attacks/field.ts';
import type { Field } from '../../../src/cli/conformance/attacks/field.ts';
import { startUpstream } from '../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../src/cli/conformance/client/upstream.ts';
import { takeTrial } from '../../../src/cli/conformance/trial.ts';
import { partTitle } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import type { Gateway } from './gateway.ts';
import type { TableRun } from './table.ts';

/** Declares what one gateway must withstand: every request is a client's, byte for byte. */
export function testAttacks({ name, title: shown = `a real ${name}`, dialect, part, start }: TableRun): void {
  const title = partTitle(`attacked through ${shown}`, part);
  if ('missing' in part) {
    test.skip(title);
    return;
  }
  const binary = part.found;

  describe(title, () => {
    let app: GatewayApp;
    let upstream: Upstream;
    let gateway: Gateway;
    let field: Field;

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
      const { operations } = app.app;
      const gatewayToken = dialect === 'envoy-grpc' ? undefined : GATEWAY_TOKEN;
      field = await openField({ operations, clock: app.clock, place, upstream, gatewayToken });
    });

    beforeEach(() => field.begin());

    afterAll(async () => {
      await gateway?.stop();
      await upstream?.stop();
      await app?.stop();
    });

    const trials = [...ATTACKS, ...ENDPOINT_TRIALS];
    test.each(trials.map((trial) => [trial.title, trial] as const))('%s', async (_, trial) => {
      expect(await takeTrial(trial, field)).toEqual([]);
    });

    test('none of it was a bug', () => {
      expect(app.errors.filter((message) => message.includes('bug'))).toEqual([]);
    });
  });
}
