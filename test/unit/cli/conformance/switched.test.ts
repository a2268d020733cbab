import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openField } from '../../../../src/cli/conformance/attacks/field.ts';
import type { Field } from '../../../../src/cli/conformance/attacks/field.ts';
import { PASSING } from '../../../../src/cli/conformance/attacks/passing.ts';
import { startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import type { Upstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { createMovableClock } from '../../../../src/cli/conformance/clock.ts';
import { takeTrial } from '../../../../src/cli/conformance/trial.ts';
import { createFakeOperations } from '../../hub/control/fake-operations.ts';

const UPGRADE = PASSING.find(({ title }) => title.includes('an upgrade to anything else'));

/** A gateway that speaks HTTP/2 itself: it agrees to that first, and then hands the request on, unless its client has gone. */
async function openSwitching(): Promise<{ readonly field: Field; readonly upstream: Upstream }> {
  const upstream = await startUpstream();
  const gateway = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      request({ host: '127.0.0.1', port: upstream.port, path: '/as/judged' }, (answer) =>
        answer.resume(),
      ).end();
    });
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    gateway.close();
    await upstream.stop();
  });
  const { port } = gateway.address() as AddressInfo;
  const field = await openField({
    operations: createFakeOperations().operations,
    clock: createMovableClock(0),
    place: { host: '127.0.0.1', port, loopback: true },
    upstream,
    gatewayToken: undefined,
  });
  return { field, upstream };
}

test('what a gateway hands on after it has switched protocols belongs to the trial that sent it, and to no later one', async () => {
  const { field, upstream } = await openSwitching();
  field.begin();
  const reached: string[] = [];
  const watched: Field = {
    ...field,
    take() {
      const received = field.take();
      reached.push(...received.map(({ target }) => target));
      return received;
    },
  };
  expect(UPGRADE && (await takeTrial(UPGRADE, watched))).toEqual([]);
  expect(reached).toEqual(['/as/judged']);
  expect(upstream.take()).toEqual([]);
});

test('nobody waits for ever for what does not get to the application', async () => {
  const upstream = await startUpstream();
  onTestFinished(() => upstream.stop());
  await upstream.untilReached(1);
  expect(upstream.take()).toEqual([]);
});

test('what was taken has arrived: only what comes after it ends the next wait', async () => {
  const upstream = await startUpstream();
  onTestFinished(() => upstream.stop());
  const url = `http://127.0.0.1:${upstream.port}/`;
  await fetch(url);
  expect(upstream.take()).toHaveLength(1);
  let isOver = false;
  const waiting = upstream.untilReached(30_000).then(() => (isOver = true));
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  await fetch(url);
  await waiting;
  expect(upstream.take()).toHaveLength(1);
});
