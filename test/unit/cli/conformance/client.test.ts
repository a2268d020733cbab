import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGatewayClient } from '../../../../src/cli/conformance/client/gateway-client.ts';
import { askRaw, NoAnswer } from '../../../../src/cli/conformance/client/raw-http.ts';
import { startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { startFakeGateway } from './fake-gateway.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startSpeaking(speak: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume());
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const GET = { method: 'GET', target: '/', headers: [] };

describe('an answer', () => {
  test.each([
    ['that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'the connection ended'],
    ['that never begins', '', 'the connection ended after 0 bytes'],
    [
      'whose chunks are none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'the connection ended',
    ],
  ])('%s is no answer', async (_, bytes, why) => {
    const port = await startSpeaking((socket) => socket.end(bytes));
    const asked = askRaw({ port, ...GET });
    await expect(asked).rejects.toThrow(NoAnswer);
    await expect(asked).rejects.toThrow(why);
  });

  test('without an end is given up after its bound', async () => {
    const port = await startSpeaking((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const flood = (): void => {
        while (socket.writable && socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`));
      };
      socket.on('drain', flood);
      flood();
    });
    await expect(askRaw({ port, ...GET })).rejects.toThrow('the answer has no end');
  });

  test('with 503 is asked for again, and the run is told', async () => {
    let asked = 0;
    const gateway = await startFakeGateway((_, response) => {
      asked += 1;
      response.writeHead(asked < 3 ? 503 : 401).end();
    });
    const upstream = await startUpstream();
    closing.push(
      () => gateway.stop(),
      () => upstream.stop(),
    );
    let again = 0;
    const client = createGatewayClient({
      place: { host: '127.0.0.1', port: Number(new URL(gateway.url).port), loopback: true },
      upstream,
      ids: { count: () => 0, last: () => '' },
      onAskedAgain: () => (again += 1),
    });
    const sent = { method: 'GET', host: 'a', path: '/', headers: [], peer: '127.0.0.1', namedApi: 'a' };
    const seen = await client.ask({ ...sent, protocol: 'http', attempt: 'first' });
    expect({ status: seen.status, upstream: seen.upstream, again }).toEqual({
      status: 401,
      upstream: undefined,
      again: 2,
    });
  });
});

describe('the application', () => {
  test('remembers every request byte for byte, but no probe of its health', async () => {
    const upstream = await startUpstream();
    closing.push(() => upstream.stop());
    const { port } = upstream;
    const host = ['Host', 'a'] as const;
    await askRaw({ port, ...GET, headers: [host, ['X-Twice', '1'], ['x-twice', '2']] });
    await askRaw({ port, ...GET, headers: [host, ['User-Agent', 'kube-probe/1.30']] });
    await askRaw({ port, ...GET, headers: [host, ['User-Agent', 'Envoy/HC']] });
    expect(upstream.take()).toEqual([
      {
        method: 'GET',
        target: '/',
        headers: [
          ['host', 'a'],
          ['x-twice', '1'],
          ['x-twice', '2'],
        ],
        body: '',
      },
    ]);
    expect(upstream.take()).toEqual([]);
  });
});
