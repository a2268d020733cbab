import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { openField } from '../../../../src/cli/conformance/attacks/field.ts';
import type { Field } from '../../../../src/cli/conformance/attacks/field.ts';
import { IDENTITIES } from '../../../../src/cli/conformance/attacks/identities.ts';
import { MALFORMED } from '../../../../src/cli/conformance/attacks/malformed.ts';
import { PASSING } from '../../../../src/cli/conformance/attacks/passing.ts';
import { PATHS } from '../../../../src/cli/conformance/attacks/paths.ts';
import { SMUGGLING } from '../../../../src/cli/conformance/attacks/smuggled.ts';
import { startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { createMovableClock } from '../../../../src/cli/conformance/clock.ts';
import { takeTrial } from '../../../../src/cli/conformance/trial.ts';
import type { Trial } from '../../../../src/cli/conformance/trial.ts';
import { createFakeOperations } from '../../hub/control/fake-operations.ts';

let upstream: Upstream;
let wire: Server;
let field: Field;

/** A gateway that is none: every byte of a client goes to the application. */
beforeAll(async () => {
  upstream = await startUpstream();
  wire = createServer((client) => {
    const application = connect({ host: '127.0.0.1', port: upstream.port });
    client.on('error', () => application.destroy()).pipe(application);
    application.on('error', () => client.destroy()).pipe(client);
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const { port } = wire.address() as AddressInfo;
  const { operations } = createFakeOperations();
  const place = { host: '127.0.0.1', port, loopback: true };
  const clock = createMovableClock(0);
  field = await openField({ operations, clock, place, upstream, gatewayToken: 'a token of a gateway' });
});

afterAll(async () => {
  await new Promise((resolve) => wire.close(resolve));
  await upstream.stop();
});

async function listHarmless(attacks: readonly Trial<Field>[]): Promise<readonly string[]> {
  const harmless: string[] = [];
  for (const attack of attacks) {
    field.begin();
    if ((await takeTrial(attack, field)).length === 0) harmless.push(attack.title);
  }
  return harmless;
}

describe('where nothing stands before the application', () => {
  test('no attack on identities, addresses, upgrades or prices goes unnoticed', async () => {
    expect(await listHarmless([...PASSING, ...IDENTITIES, ...SMUGGLING])).toEqual([]);
  });

  test('nearly every spelling of the admin path leads there', async () => {
    // The others are for readers that decode twice, or are no request to this application.
    expect(PATHS.length - (await listHarmless(PATHS)).length).toBeGreaterThanOrEqual(55);
  });

  test('two credentials at once are noticed; most malformed requests the application refuses itself', async () => {
    const harmless = await listHarmless(MALFORMED);
    expect(harmless.filter((title) => title.startsWith('a credential'))).toEqual([]);
    expect(harmless.length).toBeLessThan(MALFORMED.length - 5);
  });
});
