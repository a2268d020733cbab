import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import {
  BODY_BYTES_MAX,
  createKeySetFetcher,
  FETCH_TIMEOUT_MS,
} from '../../../../src/edge/tokens/fetch-key-set.ts';
import type { RemoteSource } from '../../../../src/edge/tokens/fetch-key-set.ts';
import { isAddressAllowed } from '../../../../src/edge/tokens/pinned-lookup.ts';
import type { LookupAll } from '../../../../src/edge/tokens/pinned-lookup.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const SET = '{"keys":[]}';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on loopback that behaves as told; counts its requests. */
async function serve(listener: RequestListener): Promise<{ port: number; url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    listener(request, response);
  });
  const port = await listen(server);
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return { port, url: `http://127.0.0.1:${port}/keys`, asked: () => asked };
}

/** A server that writes bytes whatever it is asked, and closes. */
async function serveBytes(bytes: string | undefined): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (bytes === undefined) socket.resetAndDestroy();
    else socket.once('data', () => socket.end(bytes));
  });
  const port = await listen(server as unknown as Server);
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  return `http://127.0.0.1:${port}/keys`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function source(url: string, privateAddresses: RemoteSource['privateAddresses'] = 'allow'): RemoteSource {
  return { from: 'url', url, privateAddresses, staleMaxMs: 0 };
}

function fetchFrom(url: string, options: Parameters<typeof createKeySetFetcher>[0] = {}) {
  return createKeySetFetcher(options)(source(url), new AbortController().signal);
}

describe('a key set', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/jwk-set+json',
    'Application/JSON',
  ])('is fetched as %s', async (type) => {
    const { url } = await serve((_, response) => response.writeHead(200, { 'content-type': type }).end(SET));
    expect(await fetchFrom(url)).toEqual({ text: SET });
  });

  test('is fetched up to its longest', async () => {
    const body = 'x'.repeat(BODY_BYTES_MAX);
    const { url } = await serve((_, response) => response.writeHead(200, JSON_TYPE).end(body));
    expect(await fetchFrom(url)).toEqual({ text: body });
  });

  test('is fetched through a redirect within its origin', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/keys') response.writeHead(302, { location: '/v2/keys' }).end();
      else response.writeHead(200, JSON_TYPE).end(SET);
    });
    expect(await fetchFrom(url)).toEqual({ text: SET });
  });

  test('sends nothing but the request: no cookie, no credential, no version', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const { url } = await serve((request, response) => {
      resolve(Object.keys(request.headers).sort());
      response.writeHead(200, JSON_TYPE).end(SET);
    });
    await fetchFrom(url);
    expect(await promise).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
  });
});

describe('nothing is taken from a server that', () => {
  const LISTENERS: readonly (readonly [string, string, RequestListener])[] = [
    ['fails', 'status', (_, response) => response.writeHead(500, JSON_TYPE).end(SET)],
    ['has nothing', 'status', (_, response) => response.writeHead(404, JSON_TYPE).end(SET)],
    ['has nothing new', 'status', (_, response) => response.writeHead(304).end()],
    ['says that it says nothing', 'status', (_, response) => response.writeHead(204).end()],
    ['asks who asks', 'status', (_, response) => response.writeHead(401, JSON_TYPE).end(SET)],
    [
      'sends a page',
      'type',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(SET),
    ],
    [
      'sends text',
      'type',
      (_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(SET),
    ],
    [
      'sends what is nearly JSON',
      'type',
      (_, response) => response.writeHead(200, { 'content-type': 'application/jsonp' }).end(SET),
    ],
    ['does not say what it sends', 'type', (_, response) => response.writeHead(200).end(SET)],
    [
      'sends it packed',
      'type',
      (_, response) => response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(SET),
    ],
    [
      'announces 50 MB',
      'too_large',
      (_, response) => response.writeHead(200, { ...JSON_TYPE, 'content-length': 50_000_000 }).write(SET),
    ],
    ['sends without end', 'too_large', (_, response) => sendForEver(response.writeHead(200, JSON_TYPE))],
    [
      'sends one byte too many',
      'too_large',
      (_, response) => response.writeHead(200, JSON_TYPE).end('x'.repeat(BODY_BYTES_MAX + 1)),
    ],
    ['breaks off before its answer', 'connection', (_, response) => response.destroy()],
    [
      'breaks off within its answer',
      'connection',
      (_, response) => response.writeHead(200, JSON_TYPE).write(SET, () => response.destroy()),
    ],
    [
      'sends less than it announced',
      'connection',
      (_, response) =>
        response.writeHead(200, { ...JSON_TYPE, 'content-length': 99 }).write(SET, () => response.destroy()),
    ],
    [
      'sends headers without end',
      'connection',
      (_, response) => response.writeHead(200, { ...JSON_TYPE, x: 'x'.repeat(20_000) }).end(SET),
    ],
    [
      'sends elsewhere: another host',
      'redirect',
      (_, response) => response.writeHead(302, { location: 'http://localhost/keys' }).end(),
    ],
    [
      'sends elsewhere: metadata',
      'redirect',
      (_, response) => response.writeHead(301, { location: 'http://169.254.169.254/latest/' }).end(),
    ],
    [
      'sends elsewhere: another scheme',
      'redirect',
      (_, response) => response.writeHead(307, { location: 'https://127.0.0.1/keys' }).end(),
    ],
    [
      'sends elsewhere: without a scheme',
      'redirect',
      (_, response) => response.writeHead(308, { location: '//evil.example/keys' }).end(),
    ],
    [
      'sends elsewhere: a file',
      'redirect',
      (_, response) => response.writeHead(303, { location: 'file:///etc/passwd' }).end(),
    ],
    [
      'sends elsewhere: with a name and password',
      'redirect',
      (_, response) => response.writeHead(302, { location: 'http://a:b@evil.example/' }).end(),
    ],
    [
      'sends round and round',
      'redirect',
      (_, response) => response.writeHead(302, { location: '/keys' }).end(),
    ],
    ['sends nowhere', 'redirect', (_, response) => response.writeHead(302).end()],
    ['sends to no URL', 'redirect', (_, response) => response.writeHead(302, { location: 'http://[' }).end()],
  ];

  test.each(LISTENERS)('%s: %s', async (_, fault, listener) => {
    const { url } = await serve(listener);
    expect(await fetchFrom(url)).toBe(fault);
  });

  test('sends elsewhere: another port, where nobody is asked', async () => {
    const other = await serve((_, response) => response.writeHead(200, JSON_TYPE).end(SET));
    const { url } = await serve((_, response) => response.writeHead(302, { location: other.url }).end());
    expect(await fetchFrom(url)).toBe('redirect');
    expect(other.asked()).toBe(0);
  });

  test.each(['a:b@', '%ff:b@', 'a:%zz@', '%zz@'])(
    'sends to itself as the user %s: nobody is asked again',
    async (user) => {
      const { url, asked } = await serve((request, response) => {
        response.writeHead(302, { location: `http://${user}${request.headers.host}/keys` }).end();
      });
      expect(await fetchFrom(url)).toBe('redirect');
      expect(asked()).toBe(1);
    },
  );

  test('redirects without end: it is asked four times', async () => {
    const { url, asked } = await serve((_, response) => response.writeHead(302, { location: '/keys' }).end());
    await fetchFrom(url);
    expect(asked()).toBe(4);
  });

  test.each([
    ['does not speak HTTP', 'SSH-2.0-OpenSSH\r\n'],
    [
      'sends two lengths',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\ncontent-length: 12\r\n\r\n{"keys":[]} ',
    ],
    [
      'switches to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    ['resets', undefined],
  ])('%s: connection', async (_, bytes) => {
    expect(await fetchFrom(await serveBytes(bytes))).toBe('connection');
  });

  test('is not there: connection', async () => {
    const { url } = await serve(() => undefined);
    for (const close of closing.splice(0)) await close();
    expect(await fetchFrom(url)).toBe('connection');
  });

  test('speaks no TLS where it should: connection', async () => {
    const { port } = await serve((_, response) => response.writeHead(200, JSON_TYPE).end(SET));
    expect(await fetchFrom(`https://127.0.0.1:${port}/keys`)).toBe('connection');
  });

  test.each([
    ['never answers', () => undefined],
    ['never ends its answer', (_, response) => response.writeHead(200, JSON_TYPE).write('{')],
    [
      'never ends an answer whose length it does not tell',
      (_, response) => {
        response.useChunkedEncodingByDefault = false;
        response.writeHead(200, JSON_TYPE).write(SET);
      },
    ],
    ['never ends its head', (_, response) => response.writeContinue()],
  ] satisfies [string, RequestListener][])('%s: timeout, for the whole fetch one', async (_, listener) => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { url } = await serve((request, response) => {
      listener(request, response);
      resolve();
    });
    const timers: { delayMs: number; run: () => void }[] = [];
    const fetched = fetchFrom(url, {
      after: (delayMs, run) => {
        timers.push({ delayMs, run });
        return () => undefined;
      },
    });
    await asked;
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([FETCH_TIMEOUT_MS]);
    timers[0]?.run();
    expect(await fetched).toBe('timeout');
  });

  test('does not answer before the fetch is given up', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { url } = await serve(() => resolve());
    const given = new AbortController();
    const fetched = createKeySetFetcher()(source(url), given.signal);
    await asked;
    given.abort();
    expect(await fetched).toBe('connection');
  });
});

describe('an address that is not allowed', () => {
  test.each([
    ...[
      'http://127.0.0.1:PORT/keys',
      'https://127.0.0.1:PORT/keys',
      'https://[::1]:PORT/keys',
      'https://0.0.0.0:PORT/keys',
    ],
    ...[
      'https://2130706433:PORT/keys',
      'https://0x7f.1:PORT/keys',
      'https://[::ffff:127.0.0.1]:PORT/',
      'https://[::]:PORT/',
    ],
    ...[
      'https://10.0.0.1/',
      'ftp://1.1.1.1/',
      'file:///etc/passwd',
      'https://169.254.169.254/',
      'https://[fe80::1]/',
      'https://[fd00::1]/',
      'http://1.1.1.1/',
    ],
  ])('is not connected to: %s', async (url) => {
    const server = await serve((_, response) => response.writeHead(200, JSON_TYPE).end(SET));
    const fetchKeySet = createKeySetFetcher();
    const fetched = fetchKeySet(
      source(url.replace('PORT', `${server.port}`), 'refuse'),
      new AbortController().signal,
    );
    expect(await fetched).toBe('address');
    expect(server.asked()).toBe(0);
  });

  test.each([
    ['alone', ['127.0.0.1']],
    ['before a public one', ['10.1.2.3', '1.1.1.1']],
    ['behind a public one', ['1.1.1.1', '::1']],
    ['mapped into IPv6', ['::ffff:127.0.0.1']],
    ['none at all', []],
  ])('is not connected to where a name has it: %s', async (_, addresses) => {
    const server = await serve((_request, response) => response.writeHead(200, JSON_TYPE).end(SET));
    const fetchKeySet = createKeySetFetcher({ lookupAll: answering(addresses) });
    const refused = source(`https://keys.example:${server.port}/`, 'refuse');
    expect(await fetchKeySet(refused, new AbortController().signal)).toBe('address');
    expect(server.asked()).toBe(0);
  });

  test('cannot be had by answering twice: the connection goes to what was looked at', async () => {
    const server = await serve((_, response) => response.writeHead(200, JSON_TYPE).end(SET));
    const asked: string[] = [];
    const lookupAll: LookupAll = (name, done) => {
      asked.push(name);
      answering(asked.length === 1 ? ['127.0.0.1'] : ['127.0.0.2'])(name, done);
    };
    expect(await fetchFrom(`http://keys.example:${server.port}/`, { lookupAll })).toEqual({ text: SET });
    expect(asked).toEqual(['keys.example']);
  });

  test('a name that nobody knows is a failed connection', async () => {
    const lookupAll: LookupAll = (_, done) => done(new Error('ENOTFOUND'), undefined as never);
    expect(await fetchFrom('http://keys.example/', { lookupAll })).toBe('connection');
  });

  const PRIVATE = [
    ...[
      '0.0.0.0',
      '10.255.255.255',
      '100.64.0.1',
      '100.127.255.255',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
    ],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.1',
      '192.0.2.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.19.255.255',
    ],
    ...[
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '239.255.255.250',
      '240.0.0.1',
      '255.255.255.255',
      '192.88.99.1',
    ],
    ...[
      '::',
      '::1',
      '::ffff:10.0.0.1',
      '64:ff9b::7f00:1',
      '100::1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'ff02::1',
      '2002:7f00:1::',
    ],
    ...[
      '2001:db8::1',
      '2001::1',
      '3fff::1',
      '4000::1',
      'fec0::1',
      '::127.0.0.1',
      '',
      'localhost',
      '127.1',
      '1.2.3.4.5',
    ],
  ];
  const PUBLIC = [
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00::1',
    '::ffff:1.1.1.1',
  ];

  test.each(PRIVATE)('is %j', (address) => {
    expect(isAddressAllowed(address, 'refuse')).toBe(false);
  });

  test.each(PUBLIC)('is not %j', (address) => {
    expect(isAddressAllowed(address, 'refuse')).toBe(true);
  });
});

function answering(addresses: readonly string[]): LookupAll {
  return (_, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

function sendForEver(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 0x20);
  new Readable({
    read() {
      this.push(chunk);
    },
  }).pipe(response);
}
