import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { runLoad } from './load.ts';

const QUESTION = Buffer.alloc(5);
const GRPC = { 'content-type': 'application/grpc' };
const OK = { 'grpc-status': '0' };
const MESSAGE = Buffer.of(0, 0, 0, 0, 2, 7, 8);

describe('a caller', () => {
  const stops: (() => void)[] = [];

  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  /** All samples of a few calls, each of which the server takes in the same way. */
  async function ask(take: (stream: ServerHttp2Stream) => void): Promise<number[][]> {
    const server = createServer();
    server.on('sessionError', () => undefined);
    server.on('session', (session) => stops.push(() => session.destroy()));
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      take(stream);
    });
    stops.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const plan = { address: `127.0.0.1:${port}`, connections: 1, streamsPerConnection: 2, calls: 4 };
    const { samples } = await runLoad({ ...plan, messages: [QUESTION], sampleEvery: 1 });
    return samples.map((sample) => [...sample]);
  }

  const saying =
    (bytes: Uint8Array, trailers: Record<string, string> = OK) =>
    (stream: ServerHttp2Stream): void => {
      stream.respond(GRPC, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end(bytes);
    };

  test('brings back the message of each answer', async () => {
    expect(await ask(saying(MESSAGE))).toEqual(Array.from({ length: 4 }, () => [7, 8]));
  });

  test.each([
    ['no message', saying(Buffer.alloc(0))],
    ['headers alone', (stream: ServerHttp2Stream) => stream.respond({ ...GRPC, ...OK }, { endStream: true })],
    ['a part of a message', saying(MESSAGE.subarray(0, -1))],
    ['a part of a prefix', saying(MESSAGE.subarray(0, 3))],
    ['two messages', saying(Buffer.concat([MESSAGE, MESSAGE]))],
    ['a message that is compressed', saying(Buffer.concat([Buffer.of(1), MESSAGE.subarray(1)]))],
  ])('counts no answer that says OK with %s', async (_, take) => {
    await expect(ask(take)).rejects.toThrow('an answer without its message');
  });

  test.each([
    ['another status', saying(MESSAGE, { 'grpc-status': '14' }), 'grpc-status 14'],
    ['no status', saying(MESSAGE, { 'x-other': '0' }), 'grpc-status '],
    ['a reset', (stream: ServerHttp2Stream) => stream.close(8), 'a frame of type 3'],
    ['a GOAWAY', (stream: ServerHttp2Stream) => stream.session?.goaway(0), 'a frame of type 7'],
    ['the end of its connection', (stream: ServerHttp2Stream) => stream.session?.destroy(), /closed|type 7/],
  ])('counts no answer that is %s', async (_, take, words) => {
    await expect(ask(take)).rejects.toThrow(words);
  });
});
