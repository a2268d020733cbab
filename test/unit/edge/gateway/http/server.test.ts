import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Reply } from '../../../../../src/domain/reply.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import type { Dialect } from '../../../../../src/edge/gateway/http/dialect.ts';
import { createClientHeaders } from '../../../../../src/edge/gateway/http/headers.ts';
import { HEADER_BYTES_MAX, HEADER_LINES_MAX } from '../../../../../src/edge/gateway/http/limits.ts';
import { createHttpEntrance } from '../../../../../src/edge/gateway/http/server.ts';
import type { HttpEntrance, HttpEntranceOptions } from '../../../../../src/edge/gateway/http/server.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { openRaw, sendRaw } from './raw.ts';

const TOKEN = 'a-token-of-forty-characters-0123456789ab';
const BODY_BYTES_MAX = 1_000;

/** Says what came, so that a test can see it. */
const PLAIN: Dialect = {
  name: 'nginx',
  bodyBytesMax: 0,
  fromMessage: ({ method, target, lines }) => ({
    gateway: 'nginx',
    gatewayRequestId: '',
    gatewayTime: '',
    method,
    target,
    host: 'api.example.com',
    namedApi: '',
    peerAddress: '',
    headers: createClientHeaders(lines, new Set()),
  }),
  toAnswer: ({ status, body }) => ({ status, headers: [['x-said', 'so']], body }),
};
const WITH_BODY: Dialect = {
  ...PLAIN,
  bodyBytesMax: BODY_BYTES_MAX,
  fromMessage: (message) => {
    const body = message.body.toString();
    return body === 'unreadable' ? undefined : { ...PLAIN.fromMessage(message), ...asTarget(body) };
  },
} as Dialect;

function asTarget(target: string): Pick<AuthzRequest, 'target'> {
  return { target };
}

const get = (...lines: readonly string[]): string =>
  [
    `GET /x HTTP/1.1`,
    'Host: tollgate',
    'Connection: close',
    `X-Gateway-Token: ${TOKEN}`,
    ...lines,
    '\r\n',
  ].join('\r\n');

describe('an entrance over HTTP', () => {
  const opened: HttpEntrance[] = [];
  const asked: AuthzRequest[] = [];
  const bugs: unknown[] = [];
  let strangers = 0;

  afterEach(async () => {
    for (const entrance of opened.splice(0)) await entrance.stop(100);
    asked.length = 0;
    bugs.length = 0;
    strangers = 0;
  });

  async function open(changes: Partial<HttpEntranceOptions> = {}, dialect = PLAIN): Promise<string> {
    const entrance = createHttpEntrance(dialect, {
      listen: '127.0.0.1:0',
      socketMode: 0o660,
      token: TOKEN,
      answer: (request) => {
        asked.push(request);
        return allowReply();
      },
      refuse: () => denyReply({ code: 'unavailable', status: 503 }),
      onBug: (error) => bugs.push(error),
      onRefused: () => undefined,
      onStranger: () => (strangers += 1),
      checksMax: 10,
      ...changes,
    });
    opened.push(entrance);
    return (await entrance.start()).address;
  }

  test('answers its gateway, and hands the token on to nobody', async () => {
    const answer = await sendRaw(await open(), get('X-Other: 1'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toLowerCase()).not.toMatch(/^(?:date|keep-alive|server|x-powered-by):/m);
    expect(asked.map(({ headers }) => [...headers.names()])).toEqual([['host', 'connection', 'x-other']]);
    expect(strangers).toBe(0);
  });

  test.each([
    ['no token', 'X-Nothing: 1'],
    ['an empty token', 'X-Gateway-Token:'],
    ['another token of its length', `X-Gateway-Token: ${'x'.repeat(TOKEN.length)}`],
    ['a beginning of it', `X-Gateway-Token: ${TOKEN.slice(0, -1)}`],
    ['more than it', `X-Gateway-Token: ${TOKEN}x`],
    ['it in capitals', `X-Gateway-Token: ${TOKEN.toUpperCase()}`],
    ['it twice', `X-Gateway-Token: ${TOKEN}\r\nX-Gateway-Token: ${TOKEN}`],
    ['it before another', `X-Gateway-Token: ${TOKEN}\r\nX-Gateway-Token: x`],
    ['it in a list', `X-Gateway-Token: ${TOKEN}, ${TOKEN}`],
    ['it under another name', `X_Gateway_Token: ${TOKEN}`],
    ['it in the query', 'X-Nothing: 1'],
  ])('asks nothing for who shows %s', async (_, line) => {
    // Its connection is not kept, though it asks for that: it might take the gateway's place.
    const bytes = `GET /?x-gateway-token=${TOKEN} HTTP/1.1\r\nHost: t\r\n${line}\r\n\r\n`;
    const answer = await sendRaw(await open(), bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(asked).toEqual([]);
    expect(strangers).toBe(1);
  });

  test('believes whoever can connect where there is no token', async () => {
    const address = await open({ token: undefined });
    expect(await sendRaw(address, 'GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n')).toContain(
      ' 200 ',
    );
    expect(asked).toHaveLength(1);
  });

  test('keeps the bytes of a header and the order of repeated ones', async () => {
    await sendRaw(await open(), get('X-Key: b\u00e9', 'X-Key: a', 'x-KEY: c'));
    expect(asked[0]?.headers.all('x-key')).toEqual(['b\u00e9', 'a', 'c']);
  });

  test('has no method and no target where lines may have been lost', async () => {
    const many = Array.from({ length: HEADER_LINES_MAX - 1 }, (_, at) => `A${at}: 1`);
    await sendRaw(await open(), get(...many));
    const most = many.slice(1);
    await sendRaw(await open(), get(...most));
    expect(asked.map(({ method, target, host }) => [method, target, host])).toEqual([
      ['', '', 'api.example.com'],
      ['GET', '/x', 'api.example.com'],
    ]);
  });

  const chunked = 'Transfer-Encoding: chunked';
  test.each([
    ['more bytes of headers than may come', get(`X-Big: ${'x'.repeat(HEADER_BYTES_MAX)}`)],
    ['a line longer than may come', `GET /${'x'.repeat(HEADER_BYTES_MAX)} HTTP/1.1\r\nHost: t\r\n\r\n`],
    ['a length and chunks', get('Content-Length: 5', chunked)],
    ['two lengths', get('Content-Length: 5', 'Content-Length: 6')],
    ['a length that is no number', get('Content-Length: 5x')],
    ['a negative length', get('Content-Length: -5')],
    ['far more header lines than may come', get(...Array.from({ length: 1_000 }, (_, at) => `A${at}: 1`))],
    ['chunked before another coding', get('Transfer-Encoding: chunked, gzip')],
    ['a blank before the colon', get('X-Account-Id : forged')],
    ['a header without a name', get(': x')],
    ['a NUL in a value', get('X-Nul: a\0b')],
    ['a line feed alone', get('X-A: 1\nX-B: 2')],
    ['a folded line', get('X-A: 1\r\n folded')],
    ['no version', 'GET /x\r\n\r\n'],
    ['another version', `GET /x HTTP/3.7\r\nHost: t\r\n\r\n`],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['another protocol', '\u0016\u0003\u0001\u0002\0'],
    ['CONNECT', `CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nX-Gateway-Token: ${TOKEN}\r\n\r\n`],
  ])('asks nothing for %s', async (_, bytes) => {
    const answer = await sendRaw(await open(), bytes);
    expect(answer).not.toMatch(/^HTTP\/1\.1 [23]/);
    expect(asked).toEqual([]);
    expect(bugs).toEqual([]);
  });

  test.each([
    ['names no host', `GET /x HTTP/1.1\r\nX-Gateway-Token: ${TOKEN}\r\nConnection: close\r\n\r\n`, 400],
    ['expects what nobody knows', get('Expect: something'), 417],
  ])('asks nothing for who %s, and says so', async (_, bytes, status) => {
    expect(await sendRaw(await open(), bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(asked).toEqual([]);
  });

  test('lets a body come that waits to be asked for', async () => {
    const raw = openRaw(await open({}, WITH_BODY));
    raw.socket.write(get('Content-Length: 6', 'EXPECT: 100-continue'));
    await raw.until((received) => received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    raw.socket.write('abcdef');
    expect(await raw.end()).toMatch(/\r\n\r\nHTTP\/1\.1 200 /);
    expect(asked.map(({ target }) => target)).toEqual(['abcdef']);
  });

  test('takes a message that announces no body for one with an empty body', async () => {
    expect(await sendRaw(await open({}, WITH_BODY), get())).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked.map(({ target }) => target)).toEqual(['']);
  });

  test.each([
    ['HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: t\r\n'],
    ['HTTP/1.1 with a wish to close', 'GET /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n'],
  ])('ends the connection of %s with its answer', async (_, head) => {
    const answer = await sendRaw(await open(), `${head}X-Gateway-Token: ${TOKEN}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\ncontent-length: 0\r\n/);
  });

  test('answers one question after another on a connection, and closes it when it stops', async () => {
    const raw = openRaw(await open());
    for (const count of [1, 2, 3]) {
      raw.socket.write(get().replace('Connection: close\r\n', ''));
      await raw.until((received) => received.match(/HTTP\/1\.1 200/g)?.length === count);
    }
    const stopped = opened[0]?.stop(60_000);
    expect(await raw.end()).not.toMatch(/^connection:/im);
    await stopped;
  });

  test('answers an upgrade as any other question', async () => {
    const bytes = get('Upgrade: websocket').replace('Connection: close', 'Connection: Upgrade, close');
    expect(await sendRaw(await open(), bytes)).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).toHaveLength(1);
  });

  test('answers what one packet brings in turn, each after the one before', async () => {
    const order: string[] = [];
    const first = Promise.withResolvers<Reply>();
    const address = await open({
      answer: (request) => {
        order.push(request.target);
        return request.target === '/1' ? first.promise : allowReply();
      },
    });
    const raw = openRaw(address);
    const one = (target: string, end = ''): string =>
      `GET ${target} HTTP/1.1\r\nHost: t\r\n${end}X-Gateway-Token: ${TOKEN}\r\n\r\n`;
    raw.socket.write(one('/1') + one('/2') + one('/3', 'Connection: close\r\n'));
    await expect.poll(() => order).toEqual(['/1']);
    first.resolve(allowReply({ body: '' }));
    const received = await raw.end();
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(order).toEqual(['/1', '/2', '/3']);
  });

  test('does not wait for a body that nobody reads', async () => {
    const raw = openRaw(await open());
    raw.socket.write(get('Content-Length: 1000000'));
    expect(await raw.end()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('hands a body on whole, of one piece or several', async () => {
    const address = await open({}, WITH_BODY);
    await sendRaw(address, `${get('Content-Length: 6')}abcdef`);
    await sendRaw(address, `${get(chunked)}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`);
    expect(asked.map(({ target }) => target)).toEqual(['abcdef', 'abcdef']);
  });

  test.each([
    ['too long', `${get(`Content-Length: ${BODY_BYTES_MAX + 1}`)}${'x'.repeat(BODY_BYTES_MAX + 1)}`],
    ['too long in pieces', `${get(chunked)}${`100\r\n${'x'.repeat(256)}\r\n`.repeat(5)}0\r\n\r\n`],
    ['none in this dialect', `${get('Content-Length: 10')}unreadable`],
  ])('asks nothing where the body is %s', async (_, bytes) => {
    expect(await sendRaw(await open({}, WITH_BODY), bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect(asked).toEqual([]);
  });

  test('asks nothing where a body breaks off', async () => {
    const raw = openRaw(await open({}, WITH_BODY));
    raw.socket.end(`${get('Content-Length: 100')}abc`);
    await raw.end();
    expect(asked).toEqual([]);
  });

  test.each<[string, Partial<HttpEntranceOptions>, Dialect]>([
    [
      'an answer that is thrown',
      {
        answer: () => {
          throw new Error('secret');
        },
      },
      PLAIN,
    ],
    ['an answer that is rejected', { answer: () => Promise.reject(new Error('secret')) }, PLAIN],
    [
      'a question that cannot be read',
      {},
      {
        ...PLAIN,
        fromMessage: () => {
          throw new Error('secret');
        },
      },
    ],
    [
      'a reply that cannot be worded',
      {},
      {
        ...PLAIN,
        toAnswer: (reply, request) => {
          if (reply.allowed) throw new Error('secret');
          return PLAIN.toAnswer(reply, request);
        },
      },
    ],
  ])('makes an outage of %s, tells of it once and the gateway nothing', async (_, changes, dialect) => {
    const answer = await sendRaw(await open(changes, dialect), get());
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).not.toContain('secret');
    expect(bugs).toHaveLength(1);
  });

  test.each(['at once', 'later'])('ends the connection where an answer cannot be sent %s', async (when) => {
    const dialect: Dialect = {
      ...PLAIN,
      toAnswer: ({ allowed, status, body }) => ({ status, headers: [['x', allowed ? 'a\nb' : 'c']], body }),
    };
    const answer = () => (when === 'later' ? Promise.resolve(allowReply()) : allowReply());
    expect(await sendRaw(await open({ answer }, dialect), get())).toBe('');
    expect(bugs).toHaveLength(1);
  });

  test('refuses a check that there is no room for, unasked', async () => {
    const never = Promise.withResolvers<Reply>();
    let begun = 0;
    const address = await open({
      checksMax: 1,
      answer: () => {
        begun += 1;
        return never.promise;
      },
    });
    const waiting = openRaw(address);
    waiting.socket.write(get());
    await expect.poll(() => begun).toBe(1);
    expect(await sendRaw(address, get())).toMatch(/^HTTP\/1\.1 503 /);
    expect(begun).toBe(1);
    never.resolve(allowReply());
    expect(await waiting.end()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('gives a check up when its gateway has', async () => {
    const dialect: Dialect = {
      ...PLAIN,
      fromMessage: (message) => {
        const request = PLAIN.fromMessage(message);
        return request && { ...request, timeoutMs: 1 };
      },
    };
    const address = await open({ answer: () => new Promise(() => undefined) }, dialect);
    expect(await sendRaw(address, get())).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('lets a check under way end when it stops, and takes no new connection', async () => {
    const reply = Promise.withResolvers<Reply>();
    let begun = 0;
    const address = await open({
      answer: () => {
        begun += 1;
        return reply.promise;
      },
    });
    const resting = openRaw(address);
    const waiting = openRaw(address);
    waiting.socket.write(get().replace('Connection: close\r\n', ''));
    await expect.poll(() => begun).toBe(1);
    const stopped = opened[0]?.stop(5_000);
    await resting.end();
    reply.resolve(allowReply());
    const answer = await waiting.end();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    await stopped;
    await expect(sendRaw(address, get())).resolves.toBe('');
  });

  test('cuts a check that does not end in time when it stops', async () => {
    let begun = 0;
    const address = await open({
      answer: () => {
        begun += 1;
        return new Promise(() => undefined);
      },
    });
    const waiting = openRaw(address);
    waiting.socket.write(get());
    await expect.poll(() => begun).toBe(1);
    await opened[0]?.stop(1);
    expect(await waiting.end()).toBe('');
  });

  test('is a socket with the rights that were asked for, and gone when it stops', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-http-'));
    const path = join(folder, 'check.sock');
    const address = await open({ listen: `unix:${path}`, socketMode: 0o620, token: undefined });
    expect((await stat(path)).mode & 0o777).toBe(0o620);
    expect(await sendRaw(address, get())).toMatch(/^HTTP\/1\.1 200 /);
    await opened[0]?.stop(100);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await rm(folder, { recursive: true });
  });

  test.each(['127.0.0.1', 'nowhere', '127.0.0.1:99999', 'unix:/nowhere/at/all.sock'])(
    'says in one sentence that it cannot listen on %s',
    async (listen) => {
      await expect(open({ listen })).rejects.toThrow(`cannot listen on ${listen}: `);
    },
  );

  test('refuses to start on a place that is taken', async () => {
    const listen = await open();
    await expect(open({ listen })).rejects.toThrow(`cannot listen on ${listen}: EADDRINUSE`);
  });
});
