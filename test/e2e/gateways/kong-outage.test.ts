import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SentHeader } from '../../../src/cli/conformance/client/client.ts';
import { askRaw } from '../../../src/cli/conformance/client/raw-http.ts';
import type { RawAnswer } from '../../../src/cli/conformance/client/raw-http.ts';
import { partTitle } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import { callGrpc } from '../grpc-client.ts';
import { findFronts } from './kong-front.ts';
import type { FrontKind } from './kong-front.ts';
import type { KongFront, KongOptions } from './kong-recipe.ts';
import { framed, readLogOf, startAnswering, startApplication, startBroken, TOKEN } from './kong-world.ts';
import type { Application, BrokenTollgate, Question } from './kong-world.ts';
import { allowReply } from '../replies.ts';

const PLAIN = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}';
const ALLOW = { allow: true, set: ['x-account-id', 'acme'], remove: [], headers: [], facts: { code: 'ok' } };
const DENY = {
  allow: false,
  status: 403,
  headers: ['content-type', 'application/json'],
  body: '{}',
  facts: {},
};

const told = (answer: object): string => framed(JSON.stringify(answer));

for (const kind of await findFronts()) {
  const title = `the plugin without a working Tollgate, under ${kind.name}`;
  if ('missing' in kind.part) test.skip(partTitle(title, kind.part));
  else describe(title, () => prove(kind));
}

function prove(kind: FrontKind): void {
  let app: Application;
  const opened: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    app = await startApplication();
  });

  afterAll(() => app?.stop());

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  async function start(
    options: Omit<KongOptions, 'appPort' | 'token'> & { token?: string },
  ): Promise<KongFront> {
    const front = await kind.start({ token: TOKEN, appPort: app.port, ...options });
    opened.push(() => front.stop());
    app.received.length = 0;
    return front;
  }

  async function broken(answer: (question: Question) => void): Promise<BrokenTollgate> {
    const tollgate = await startBroken(answer);
    opened.push(() => tollgate.stop());
    return tollgate;
  }

  function ask({ port }: KongFront, host = 'api.claryai.com'): Promise<RawAnswer> {
    const headers: SentHeader[] = [
      ['Host', host],
      ['x-account-id', 'forged'],
    ];
    return askRaw({ port, method: 'GET', target: '/v1/documents', headers, localAddress: '127.0.0.1' });
  }

  async function deadUrl(): Promise<string> {
    const gone = await startBroken(() => {});
    await gone.stop();
    return gone.url;
  }

  test('refuses with 503 in the shape of its API when Tollgate is gone', async () => {
    const front = await start({ url: await deadUrl() });
    const shapes = [
      [
        'api.truedy.ai',
        /^{"error":{"code":"service_unavailable","message":"Service unavailable","details":{}},"meta":{"request_id":"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}","ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"}}$/,
      ],
      ['api.claryai.com', PLAIN],
      ['api.trackyard.com', PLAIN],
      ['api.autype.com', '{"statusCode":503,"message":"Service unavailable"}'],
      ['api.freddy.aitronos.com', PLAIN],
    ] as const;
    for (const [host, body] of shapes) {
      const answered = await ask(front, host);
      expect(answered.status).toBe(503);
      expect(answered.body).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
      expect(Object.fromEntries(answered.headers)).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'retry-after': '1',
      });
    }
    expect(app.received).toEqual([]);
  });

  test('tells the request’s id by which Kong’s log and answer name it', async () => {
    const answered = await ask(await start({ url: await deadUrl() }), 'api.truedy.ai');
    const [id] = answered.headers.filter(([name]) => name === 'x-kong-request-id').map(([, value]) => value);
    const told = /"request_id":"([^"]+)"/.exec(answered.body)?.[1];
    expect(told?.replaceAll('-', '')).toBe(id);
  });

  test('tells a gRPC client UNAVAILABLE in one sentence', async () => {
    const { http2Port } = await start({ url: await deadUrl() });
    const error = await callGrpc(`http://127.0.0.1:${http2Port}`);
    expect(error).toMatchObject({ code: 14, details: 'Service unavailable' });
    expect(error.metadata.get('retry-after')).toEqual(['1']);
  });

  test('tells why to Kong’s log alone, and its token to nobody', async () => {
    const url = await deadUrl();
    const front = await start({ url });
    const answered = await ask(front);
    const words = await front.readErrors();
    expect(words).toContain(`no decision from ${url}: connection refused`);
    expect(words).not.toContain(TOKEN);
    expect(answered.body).toBe(PLAIN);
    expect(await readLogOf(front, answered)).toMatchObject({ tollgate: { code: 'no_decision' } });
  });

  test.each([
    ['a wrong one', 'another-token-0123456789abcdefghijklmnop'],
    ['none, because the vault has none', ''],
    ['one that would begin a header of its own', `${TOKEN}\r\nX-Gateway-Token: ${TOKEN}`],
  ])('is no gateway of ours where its token is %s', async (_name, token) => {
    const tollgate = await startAnswering();
    opened.push(() => tollgate.stop());
    tollgate.answer(() => allowReply());
    const front = await start({ url: tollgate.url, token });
    expect(await ask(front)).toMatchObject({ status: 503, body: PLAIN });
    expect(tollgate.checks).toEqual([]);
    expect(app.received).toEqual([]);
    expect(await front.readErrors()).toContain('config.token');
  });

  describe('takes for no decision', () => {
    const answers: [string, string][] = [
      ['no byte', ''],
      ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
      ['half a body', told(ALLOW).slice(0, -5)],
      ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
      ['an older protocol', told(ALLOW).replace('HTTP/1.1', 'HTTP/1.0')],
      ['an answer without a length', told(ALLOW).replace(/content-length: \d+\r\n/, '')],
      ['an answer with two lengths', told(ALLOW).replace('\r\n\r\n', '\r\ncontent-length: 5\r\n\r\n')],
      ['an answer in chunks', told(ALLOW).replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')],
      ['an answer with another behind it', told(ALLOW) + told(ALLOW)],
      ['an answer that is longer than any', 'HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n'],
      ['a head without an end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(70_000)}`],
      ['an error', framed(JSON.stringify(ALLOW), 500)],
      ['a redirection', framed(JSON.stringify(ALLOW), 302)],
      ['nothing', framed('')],
      ['no JSON', framed('OK')],
      ['null', framed('null')],
      ['true', framed('true')],
      ['an empty record', framed('{}')],
      ['an allow that is a text', told({ ...ALLOW, allow: 'true' })],
      ['an allow that is a number', told({ ...ALLOW, allow: 1 })],
      ['an allow without what the upstream gets', told({ allow: true, remove: [], headers: [] })],
      ['an allow with null for what the upstream gets', told({ ...ALLOW, set: null })],
      [
        'an allow with a record for what the upstream gets',
        told({ ...ALLOW, set: { 'x-account-id': 'acme' } }),
      ],
      [
        'an allow with a record for what the upstream loses',
        told({ ...ALLOW, remove: { 0: 'x-account-id' } }),
      ],
      ['an allow without what the upstream loses', told({ ...ALLOW, remove: undefined })],
      ['an allow with a name that is a number', told({ ...ALLOW, remove: [1] })],
      ['an allow with a null for a value', told({ ...ALLOW, set: ['x-account-id', null] })],
      ['an allow with a name without a value', told({ ...ALLOW, set: ['x-account-id'] })],
      ['an allow with a line break in a value', told({ ...ALLOW, set: ['x-a', 'a\r\nx-admin: 1'] })],
      ['an allow with a line break in a name', told({ ...ALLOW, remove: ['x-a\r\nx-b'] })],
      ['an allow with another host for the upstream', told({ ...ALLOW, set: ['host', 'evil.example'] })],
      [
        'an allow that would cut the application’s answer',
        told({ ...ALLOW, headers: ['content-length', '2'] }),
      ],
      ['an allow with a null for the client', told({ ...ALLOW, headers: ['x-a', null] })],
      ['a refusal that is a success', told({ ...DENY, status: 200 })],
      ['a refusal that leads elsewhere', told({ ...DENY, status: 302 })],
      ['a refusal with half a status', told({ ...DENY, status: 403.5 })],
      ['a refusal without a body', told({ ...DENY, body: undefined })],
      ['a refusal with a record for a body', told({ ...DENY, body: {} })],
      [
        'a gRPC refusal that is a success',
        told({ ...DENY, status: 200, headers: ['content-type', 'application/grpc', 'grpc-status', '0'] }),
      ],
    ];

    test('every odd answer of a list: 503, and the application is not asked', async () => {
      let answer = '';
      const tollgate = await broken(({ socket }) => socket.end(answer, 'utf8'));
      const front = await start({ url: tollgate.url });
      const seen: [string, number, string][] = [];
      for (const [name, bytes] of answers) {
        answer = bytes;
        const { status, body } = await ask(front);
        seen.push([name, status, body]);
      }
      expect(seen).toEqual(answers.map(([name]) => [name, 503, PLAIN]));
      expect(app.received).toEqual([]);
      // Each was asked about once: what was answered wrongly is not asked again.
      expect(tollgate.messages).toHaveLength(answers.length);
      expect(await front.readErrors()).not.toContain('[plugin] failed');
    });

    test('but takes the same answers, made right', async () => {
      let answer = told(ALLOW);
      const tollgate = await broken(({ socket }) => socket.end(answer, 'utf8'));
      const front = await start({ url: tollgate.url });
      expect(await ask(front)).toMatchObject({ status: 200 });
      answer = told(DENY);
      expect(await ask(front)).toMatchObject({ status: 403, body: '{}' });
      expect(app.received.map(({ headers }) => headers['x-account-id'])).toEqual([['acme']]);
    });
  });

  test('gives up one that never answers', async () => {
    const tollgate = await broken(() => {});
    const front = await start({ url: tollgate.url, config: { timeout: 100 } });
    expect(await ask(front)).toMatchObject({ status: 503, body: PLAIN });
    expect(await front.readErrors()).toContain(': timeout');
    expect(tollgate.messages).toHaveLength(1);
  });

  test('gives up one that never ends its answer, however often a byte comes', async () => {
    const tollgate = await broken(({ socket }) => {
      void (async () => {
        for (const character of told(ALLOW).repeat(10)) {
          if (socket.destroyed) return;
          socket.write(character);
          await pause(5);
        }
      })();
    });
    const front = await start({ url: tollgate.url, config: { timeout: 150 } });
    expect(await ask(front)).toMatchObject({ status: 503, body: PLAIN });
    expect(app.received).toEqual([]);
  });

  test('keeps its connection: many checks, one after another, need one', async () => {
    const ofConnection: number[] = [];
    const tollgate = await broken((question) => {
      ofConnection.push(question.ofConnection);
      question.socket.write(told(ALLOW));
    });
    const front = await start({ url: tollgate.url });
    for (let count = 0; count < 5; count += 1) await ask(front);
    expect(ofConnection).toEqual([1, 2, 3, 4, 5]);
  });

  test('asks again, with the same words, where a kept connection ends as the question arrives', async () => {
    const tollgate = await broken(({ socket, ofConnection }) => {
      if (ofConnection === 1) socket.write(told(ALLOW));
      else socket.destroy();
    });
    const front = await start({ url: tollgate.url });
    expect(await ask(front)).toMatchObject({ status: 200 });
    expect(await ask(front)).toMatchObject({ status: 200 });
    expect(tollgate.messages).toHaveLength(3);
    expect(tollgate.messages[2]).toBe(tollgate.messages[1]);
  });

  test('spends once what it asks twice', async () => {
    const whole = await startGatewayApp('kong');
    opened.push(() => whole.stop());
    const { operations } = whole.app;
    const account = { api: 'truedy', id: 'acme' };
    await operations.createAccount({ ...account, billing: 'active', credits: 10 });
    const { key } = await operations.createKey({ api: 'truedy', account: 'acme', name: 'twice' });
    const answers: string[] = [];
    const between = await broken(({ socket, message, ofConnection }) => {
      void askWhole(whole.port, message).then((answer) => {
        answers.push(answer);
        if (ofConnection === 1) socket.write(framed(answer));
        else socket.destroy();
      });
    });
    const front = await start({ url: between.url, token: GATEWAY_TOKEN });
    const request = { method: 'GET', target: '/api/public/v1/x', localAddress: '127.0.0.1' };
    const headers: SentHeader[] = [
      ['Host', 'api.truedy.ai'],
      ['Authorization', `Bearer ${key}`],
    ];
    for (let count = 0; count < 2; count += 1) {
      expect(await askRaw({ ...request, port: front.port, headers })).toMatchObject({ status: 200 });
    }
    expect(answers).toHaveLength(3);
    expect(answers[2]).toBe(answers[1]);
    expect((await operations.showAccount(account)).credits.remaining).toBe(8);
  });

  test('asks no new connection again', async () => {
    const tollgate = await broken(({ socket }) => socket.destroy());
    const front = await start({ url: tollgate.url });
    expect(await ask(front)).toMatchObject({ status: 503 });
    expect(tollgate.messages).toHaveLength(1);
  });

  test('leaves a connection that Tollgate says it will close', async () => {
    const ofConnection: number[] = [];
    const tollgate = await broken((question) => {
      ofConnection.push(question.ofConnection);
      question.socket.write(told(ALLOW).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    });
    const front = await start({ url: tollgate.url });
    for (let count = 0; count < 3; count += 1) expect(await ask(front)).toMatchObject({ status: 200 });
    expect(ofConnection).toEqual([1, 1, 1]);
  });
}

/** What a whole Tollgate answers to a message of the plugin. */
async function askWhole(port: number, message: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/kong`, {
    method: 'POST',
    headers: { 'x-gateway-token': GATEWAY_TOKEN },
    body: Buffer.from(message, 'latin1'),
  });
  return response.text();
}
