import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { ENDPOINTS } from '../../../../src/cli/conformance/attacks/endpoints.ts';
import { openField } from '../../../../src/cli/conformance/attacks/field.ts';
import type { Field } from '../../../../src/cli/conformance/attacks/field.ts';
import { IDENTITIES } from '../../../../src/cli/conformance/attacks/identities.ts';
import { MALFORMED } from '../../../../src/cli/conformance/attacks/malformed.ts';
import { PASSING } from '../../../../src/cli/conformance/attacks/passing.ts';
import { PATHS } from '../../../../src/cli/conformance/attacks/paths.ts';
import { SMUGGLING } from '../../../../src/cli/conformance/attacks/smuggled.ts';
import { UNCHECKED } from '../../../../src/cli/conformance/attacks/unchecked.ts';
import { APPLICATION_BODY, startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { createMovableClock } from '../../../../src/cli/conformance/clock.ts';
import type { Difference } from '../../../../src/cli/conformance/difference.ts';
import { takeTrial } from '../../../../src/cli/conformance/trial.ts';
import type { Trial } from '../../../../src/cli/conformance/trial.ts';
import { createFakeOperations } from '../../hub/control/fake-operations.ts';
import { passOnTo, startFakeGateway } from './fake-gateway.ts';
import type { Behaviour, FakeGateway } from './fake-gateway.ts';

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

  test('no double credential and no malformed request goes unnoticed, though the application cannot read it', async () => {
    expect(await listHarmless(MALFORMED)).toEqual([]);
  });

  test('no method and no ending goes unnoticed that a gateway may leave unchecked', async () => {
    expect(await listHarmless(UNCHECKED)).toEqual([]);
  });
});

const DOUBLED = MALFORMED.filter(({ title }) => title.startsWith('a credential'));

describe('where something else answers for the application', () => {
  const place = ({ url }: FakeGateway) => ({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    loopback: true,
  });

  async function takeThrough(behaviour: Behaviour, trials: readonly Trial<Field>[]) {
    const gateway = await startFakeGateway(behaviour);
    const { operations } = createFakeOperations();
    const means = { operations, clock: createMovableClock(0), place: place(gateway), upstream };
    const judged = await openField({ ...means, gatewayToken: undefined });
    const taken: (readonly [title: string, differences: readonly Difference[]])[] = [];
    for (const trial of trials) {
      judged.begin();
      taken.push([trial.title, await takeTrial(trial, judged)]);
    }
    await gateway.stop();
    return taken;
  }

  test('whatever must reach it with an identity is missed', async () => {
    const yes: Behaviour = (_, response) => response.writeHead(200).end('yes');
    const taken = await takeThrough(yes, [...PASSING, ...IDENTITIES]);
    const harmless = taken.filter(([, differences]) => differences.length === 0).map(([title]) => title);
    expect(harmless.filter((title) => !/does not get to|no credential|no tunnel/.test(title))).toEqual([]);
  });

  test('an answer of the application’s own to a request that must be refused is one that was let through', async () => {
    const remembered: Behaviour = (_, response) => response.writeHead(200).end(APPLICATION_BODY);
    const taken = await takeThrough(remembered, [...DOUBLED, ...PATHS.slice(0, 1)]);
    for (const [, differences] of taken) expect(differences).toEqual([{ kind: 'let through' }]);
  });

  test('a request that gets there twice, and an answer that is changed, are told', async () => {
    const pass = passOnTo(upstream.port);
    const twice: Behaviour = (message, response) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port: upstream.port, method: 'POST', path: '/' },
        (answer) => {
          answer.resume().once('end', () => pass(message, response));
        },
      );
      asked.end();
    };
    const [[, differences] = []] = await takeThrough(twice, PASSING.slice(0, 1));
    expect(differences).toContainEqual({
      kind: 'attack',
      what: 'one request gets to the application more than once',
    });
    const other: Behaviour = (_, response) => response.writeHead(200).end('changed');
    const [[, changed] = []] = await takeThrough(other, PASSING.slice(0, 1));
    expect(changed).toContainEqual({
      kind: 'attack',
      what: "the application's answer is changed on its way to the client",
    });
  });

  test('a 503 for want of time is asked for again, and what got there meanwhile is seen', async () => {
    let asked = 0;
    const busy: Behaviour = (message, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503).end();
      else passOnTo(upstream.port)(message, response);
    };
    const [[, differences] = []] = await takeThrough(busy, UNCHECKED.slice(0, 1));
    expect({ asked, differences }).toEqual({ asked: 2, differences: [{ kind: 'let through' }] });
  });

  test('another 404 than the API’s is none for an endpoint on another host', async () => {
    const absent: Behaviour = (_, response) => response.writeHead(404).end('nothing here');
    const taken = await takeThrough(absent, ENDPOINTS);
    const [, differences] = taken.find(([title]) => title.includes('not found on another host')) ?? [];
    expect(differences).toMatchObject([{ kind: 'body', status: 404, seen: 'nothing here' }]);
  });
});
