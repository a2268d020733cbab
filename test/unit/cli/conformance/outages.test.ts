import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { createDoor } from '../../../../src/cli/conformance/door.ts';
import type { Door } from '../../../../src/cli/conformance/door.ts';
import { OUTAGES } from '../../../../src/cli/conformance/outages.ts';
import type { OutageField } from '../../../../src/cli/conformance/outages.ts';
import { parseExceptions, toExceptions } from '../../../../src/cli/conformance/table/exceptions.ts';
import { trackExceptions } from '../../../../src/cli/conformance/table/tracked-exceptions.ts';
import { takeTrial } from '../../../../src/cli/conformance/trial.ts';
import { findFreePort } from '../../../e2e/free-port.ts';
import { startFakeGateway } from './fake-gateway.ts';
import type { Behaviour, FakeGateway } from './fake-gateway.ts';

const WORDS = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}';
const refuse: Behaviour = (_, response) => response.writeHead(503).end(WORDS);
const SILENT = OUTAGES.find(({ title }) => title.includes('never answers'));

let upstream: Upstream;
let gateway: FakeGateway;
let asked: number;
let behaviour: Behaviour;

beforeEach(async () => {
  asked = 0;
  upstream = await startUpstream();
  gateway = await startFakeGateway((message, response) => {
    asked += 1;
    behaviour(message, response);
  });
});

afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function takeSilence(door: Door, exceptions = trackExceptions(toExceptions([]))) {
  const place = { host: '127.0.0.1', port: Number(new URL(gateway.url).port), loopback: true };
  const field: OutageField = { door, place, upstream, exceptions, pause: async () => undefined };
  return SILENT && takeTrial(SILENT, field);
}

function doorThatIsHeardAfter(requests: number): Door {
  const quiet = async () => undefined;
  return { close: quiet, fallSilent: quiet, changeToken: quiet, wasHeard: () => asked >= requests };
}

test('a silence is judged by an answer for which the gateway asked', async () => {
  behaviour = refuse;
  expect(await takeSilence(doorThatIsHeardAfter(3))).toEqual([]);
  expect(asked).toBe(3);
});

test('a gateway that refuses for ever without asking proves nothing', async () => {
  behaviour = refuse;
  expect(await takeSilence(doorThatIsHeardAfter(Infinity))).toEqual([{ kind: 'never asked again' }]);
});

test('a silence is heard once somebody speaks to it', async () => {
  const port = await findFreePort();
  const nobody = { stop: async () => undefined };
  const door = createDoor({ address: `127.0.0.1:${port}`, first: nobody, startOther: async () => nobody });
  behaviour = (message, response) => {
    const question = connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    question.write('GET / HTTP/1.1\r\n', () => refuse(message, response));
  };
  expect(door.wasHeard()).toBe(false);
  expect(await takeSilence(door)).toEqual([]);
  expect(door.wasHeard()).toBe(true);
  await door.stop();
});

describe('a status that is declared for an outage', () => {
  const declare = (status: number) =>
    trackExceptions(
      toExceptions([
        parseExceptions(
          `exceptions: [{ why: this gateway has words of its own, cases: ['${SILENT?.title}'], answers: ${status} }]`,
        ),
      ]),
    );

  test('holds where the gateway answers with it, in whatever words', async () => {
    behaviour = (_, response) => response.writeHead(502).end('bad gateway');
    const exceptions = declare(502);
    expect(await takeSilence(doorThatIsHeardAfter(1), exceptions)).toEqual([]);
    expect(exceptions.countHeld()).toBe(1);
  });

  test('is not needed where the client is told in the API’s words', async () => {
    behaviour = refuse;
    const exceptions = declare(502);
    expect(await takeSilence(doorThatIsHeardAfter(1), exceptions)).toEqual([
      { kind: 'exception not needed' },
    ]);
    expect(exceptions.countHeld()).toBe(0);
  });

  test('forgives no other one', async () => {
    behaviour = (_, response) => response.writeHead(500).end();
    expect(await takeSilence(doorThatIsHeardAfter(1), declare(502))).toMatchObject([
      { kind: 'status', promised: 502, status: 500 },
    ]);
  });
});
