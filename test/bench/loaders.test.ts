import { CheckResponse } from '@envoyproxy/ext-authz-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEchoServer } from '../e2e/grpc-clients.ts';
import type { EchoServer } from '../e2e/grpc-clients.ts';
import { startLoaders } from './loaders.ts';
import type { Loaders } from './loaders.ts';
import { framedCheckOf } from './world.ts';

const STOP_MS = 1_000;
const LOADERS = 2;

/** Real processes, in front of a server that answers each question with its own words. */
describe('load processes', () => {
  const bugs: unknown[] = [];
  let server: EchoServer;
  let loaders: Loaders;
  let address: string;

  beforeAll(async () => {
    server = createEchoServer({
      name: 'bench',
      listen: '127.0.0.1:0',
      tls: undefined,
      onBug: (error) => bugs.push(error),
    });
    ({ address } = await server.start());
    loaders = startLoaders(LOADERS);
    const messages = ['a', 'b', 'c', 'd'].map((word) => framedCheckOf('key', `/deny?${word}`));
    await loaders.keep({ name: 'words', messages });
    await loaders.keep({ name: 'nonsense', messages: [framedCheckOf('key', '/nobody')] });
  });

  afterAll(async () => {
    loaders.stop();
    await server.stop(STOP_MS);
  });

  test('ask with questions of their own each, as often as they were told, and bring answers back', async () => {
    const plan = { address, connections: 1, streamsPerConnection: 1, calls: 4, sampleEvery: 1 };
    const results = await loaders.closed('words', plan);
    expect(results.map(({ calls, samples }) => [calls, samples.map(bodyOf)])).toEqual([
      [4, ['/deny?a', '/deny?c', '/deny?a', '/deny?c']],
      [4, ['/deny?b', '/deny?d', '/deny?b', '/deny?d']],
    ]);
  });

  test('keep the first and the last answer where nothing else is said', async () => {
    const plan = { address, connections: 1, streamsPerConnection: 1, calls: 5 };
    const { samples } = await loaders.closedByOne('words', plan);
    expect(samples.map(bodyOf)).toEqual(['/deny?a', '/deny?a']);
  });

  test('keep answers to other questions each time round, though their number is a multiple of how many are passed over', async () => {
    const plan = { address, connections: 1, streamsPerConnection: 1, calls: 8, sampleEvery: 2 };
    const { samples } = await loaders.closedByOne('words', plan);
    expect(samples.map(bodyOf)).toEqual(['/deny?a', '/deny?c', '/deny?a', '/deny?c']);
  });

  test('wait where the server has no room for more, and then go on', async () => {
    const long = [framedCheckOf('key', `/deny?${'x'.repeat(7_000)}`)];
    await loaders.keep({ name: 'long words', messages: [...long, ...long] });
    const plan = { address, connections: 1, streamsPerConnection: 50, calls: 200, sampleEvery: 1 };
    const { calls, samples } = await loaders.closedByOne('long words', plan);
    expect([calls, new Set(samples.map((sample) => bodyOf(sample).length))]).toEqual([200, new Set([7_006])]);
  });

  test('send at a steady rate as many as are due', async () => {
    const plan = { address, connections: 2, callsPerSecond: 400, durationMs: 250, sampleEvery: 50 };
    const { calls, samples, lateP99Ms } = await loaders.openByOne('words', plan);
    expect([calls, samples.length]).toEqual([100, 2]);
    expect(lateP99Ms).toBeGreaterThanOrEqual(0);
    for (const sample of samples) expect(bodyOf(sample)).toMatch(/^\/deny/);
  });

  test('fail where an answer is an error, and go on with the next order', async () => {
    const plan = { address, connections: 1, streamsPerConnection: 1, calls: 1 };
    await expect(loaders.closedByOne('nonsense', plan)).rejects.toThrow('grpc-status 13');
    const steady = { address, connections: 1, callsPerSecond: 100, durationMs: 20, sampleEvery: 1 };
    await expect(loaders.openByOne('nonsense', steady)).rejects.toThrow('grpc-status 13');
    await expect(loaders.closedByOne('never kept', plan)).rejects.toThrow('nothing is kept');
    expect(await loaders.closedByOne('words', plan)).toMatchObject({ calls: 1 });
    expect(bugs.length).toBeGreaterThan(0);
  });

  test('fail where nobody listens, and go on with the next order', async () => {
    const nobody = { address: '127.0.0.1:1', connections: 2 };
    const plan = { ...nobody, streamsPerConnection: 1, calls: 1 };
    await expect(loaders.closedByOne('words', plan)).rejects.toThrow('ECONNREFUSED');
    const steady = { ...nobody, callsPerSecond: 100, durationMs: 20, sampleEvery: 1 };
    await expect(loaders.openByOne('words', steady)).rejects.toThrow('ECONNREFUSED');
    expect(await loaders.closedByOne('words', { ...plan, address })).toMatchObject({ calls: 1 });
  });
});

function bodyOf(answer: Uint8Array): string {
  const { httpResponse } = CheckResponse.decode(answer);
  if (httpResponse?.$case !== 'deniedResponse') throw new Error('that is no refusal');
  return httpResponse.value.body;
}
