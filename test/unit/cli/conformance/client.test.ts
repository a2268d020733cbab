import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGatewayClient } from '../../../../src/cli/conformance/client/gateway-client.ts';
import { askRaw, NoAnswer } from '../../../../src/cli/conformance/client/raw-http.ts';
import { startUpstream } from '../../../../src/cli/conformance/client/upstream.ts';
import { startFakeGateway } from './fake-gateway.ts';
import type { Behaviour } from './fake-gateway.ts';

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
    [
      'with a chunk of less than nothing',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-6\r\n',
      'the connection ended',
    ],
    ['of another protocol', 'SSH-2.0-OpenSSH_9\r\n\r\n', 'speaks no HTTP/1.1'],
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

  async function askThrough(behaviour: (upstreamPort: number) => Behaviour) {
    const upstream = await startUpstream();
    const gateway = await startFakeGateway(behaviour(upstream.port));
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
    return { status: seen.status, reached: seen.upstream !== undefined, again };
  }

  test('with 503 is asked for again, and the run is told', async () => {
    let asked = 0;
    const busy: Behaviour = (_, response) => {
      asked += 1;
      response.writeHead(asked < 3 ? 503 : 401).end();
    };
    expect(await askThrough(() => busy)).toEqual({ status: 401, reached: false, again: 2 });
  });

  test('with 503 to what got to the application stands', async () => {
    const seen = await askThrough((port) => (_, response) => {
      const onward = httpRequest({ host: '127.0.0.1', port }, (answer) => {
        answer.resume().once('end', () => response.writeHead(503).end());
      });
      onward.end();
    });
    expect(seen).toEqual({ status: 503, reached: true, again: 0 });
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

  test('remembers no request for the path by which its gateway knows that it is well', async () => {
    const upstream = await startUpstream({ host: '127.0.0.1', port: 0, healthPath: '/ping' });
    closing.push(() => upstream.stop());
    const { port } = upstream;
    for (const target of ['/ping', '/ping?', '/ping/', '/']) {
      await askRaw({ port, ...GET, target, headers: [['Host', 'a']] });
    }
    expect(upstream.take().map(({ target }) => target)).toEqual(['/ping?', '/ping/', '/']);
  });

  test.each([
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n'],
    ['more headers than it reads', `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('remembers that a request with %s got there, though it cannot read it', async (_, bytes) => {
    const upstream = await startUpstream();
    closing.push(() => upstream.stop());
    const socket = connect({ host: '127.0.0.1', port: upstream.port }).resume();
    socket.on('error', () => undefined).write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(upstream.take()).toEqual([{ method: '', target: '', headers: [], body: '' }]);
  });

  test('takes a connection on which nothing is said for no request', async () => {
    const upstream = await startUpstream();
    closing.push(() => upstream.stop());
    const socket = connect({ host: '127.0.0.1', port: upstream.port }).resume();
    socket.once('connect', () => socket.end());
    await new Promise((resolve) => socket.once('close', resolve));
    expect(upstream.take()).toEqual([]);
  });
});
