import { expect, test } from 'vitest';
import { createTaker } from '../../../../src/cli/conformance/taker.ts';
import { startFakeGateway } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';

const SILENCE = async () => [{ kind: 'no answer', why: 'the connection ended' }] as const;
const MANY = 12;

function takerFor({ url }: FakeGateway, nowMs = () => 0) {
  return createTaker({
    world: { nowMs },
    place: { host: '127.0.0.1', port: Number(new URL(url).port), loopback: true },
    stop: new AbortController().signal,
  });
}

async function takeMany(take: ReturnType<typeof createTaker>): Promise<void> {
  for (let at = 0; at < MANY; at += 1) await take(`paths: ${at}`, SILENCE);
}

test('a gateway that answers some requests with silence is judged to the end', async () => {
  const gateway = await startFakeGateway((_, response) => response.writeHead(401).end());
  const take = takerFor(gateway);
  await takeMany(take);
  expect(take.outcomes).toHaveLength(MANY);
  await gateway.stop();
});

test('a run ends where the gateway is gone', async () => {
  const gateway = await startFakeGateway((_, response) => response.end());
  const take = takerFor(gateway);
  await gateway.stop();
  await expect(takeMany(take)).rejects.toThrow('the gateway no longer answers');
});

test('a run that takes too long is given up, and keeps what it found', async () => {
  const gateway = await startFakeGateway((_, response) => response.end());
  let minutes = 0;
  const take = takerFor(gateway, () => minutes * 60_000);
  await take('paths: one', async () => []);
  minutes = 16;
  await expect(take('paths: two', async () => [])).rejects.toThrow('it took more than 15 minutes');
  expect(take.outcomes).toEqual([{ title: 'paths: one', differences: [] }]);
  await gateway.stop();
});

test('nobody looks for a gateway that hangs while Tollgate is away', async () => {
  const gateway = await startFakeGateway((_, response) => response.end());
  const take = takerFor(gateway);
  await gateway.stop();
  for (let at = 0; at < MANY; at += 1) await take('outages: one', SILENCE);
  expect(take.outcomes).toHaveLength(MANY);
});
