import { mkdtemp, rm, stat } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { request as askHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as askHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { partTitle, requirePart } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import type { Authority, Identity } from './certificates.ts';
import { serveApp } from './serve-app.ts';
import type { ServedApp } from './serve-app.ts';

const part = await requirePart('openssl');
const SERVER_NAME = 'tollgate.internal';
const QUESTION = {
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': '/v1/documents',
  'x-forwarded-host': 'api.claryai.com',
  'x-forwarded-for': '127.0.0.1',
};

interface Told {
  readonly status: number;
  readonly body: string;
}

async function ask(
  send: (options: RequestOptions, onAnswer: (message: IncomingMessage) => void) => ReturnType<typeof askHttp>,
  options: object,
): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  const request = send({ agent: false, headers: QUESTION, ...options }, (message) => {
    text(message).then((body) => resolve({ status: message.statusCode ?? 0, body }), reject);
  });
  request.on('error', reject).end();
  return promise;
}

const UNAUTHORIZED = { status: 401, body: '{"error":{"code":"unauthorized","message":"Invalid API key"}}' };

describe('the entrances of a server with all its threads', () => {
  let folder: string;
  const opened: ServedApp[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-entrances-'));
  });

  afterEach(async () => {
    for (const app of opened.splice(0)) await app.stop();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function serve(...http: readonly object[]): Promise<ServedApp> {
    const app = await serveApp({ folder, check: { http } });
    opened.push(app);
    return app;
  }

  test('are as many as are configured, and each speaks its own dialect alone', async () => {
    const sockets = ['a', 'b'].map((name) => join(folder, `${name}.sock`));
    const app = await serve(
      { listen: `unix:${sockets[0]}`, dialect: 'forward-auth' },
      { listen: `unix:${sockets[1]}`, dialect: 'nginx', socket_mode: '0600' },
    );
    expect(app.addresses.checkHttp.map(({ dialect }) => dialect)).toEqual(['forward-auth', 'nginx']);
    expect(await ask(askHttp, { socketPath: sockets[0] })).toEqual(UNAUTHORIZED);
    // To NGINX’s entrance the same question says nothing: nothing is sniffed.
    expect((await ask(askHttp, { socketPath: sockets[1] })).status).toBe(403);
    const modes = await Promise.all(sockets.map(async (path) => (await stat(path)).mode & 0o777));
    expect(modes).toEqual([0o660, 0o600]);
  });

  test('keep the process from starting where one of them cannot listen, with one clear sentence', async () => {
    const listen = `unix:${join(folder, 'nowhere', 'x.sock')}`;
    await expect(serve({ listen, dialect: 'nginx' })).rejects.toThrow(`cannot listen on ${listen}: ENOENT`);
  });

  describe.skipIf('missing' in part)(partTitle('over mutual TLS', part), () => {
    let authority: Authority;
    let server: Identity;
    let gateway: Identity;
    let other: Identity;

    beforeAll(async () => {
      authority = await createAuthority(folder, 'authority');
      server = await authority.issue({ name: 'server', altNames: `DNS:${SERVER_NAME}` });
      gateway = await authority.issue({ name: 'gateway', altNames: 'DNS:gateway.internal' });
      other = await authority.issue({ name: 'other', altNames: 'DNS:other.internal' });
    });

    async function serveMutual() {
      const app = await serve({
        listen: '127.0.0.1:0',
        dialect: 'forward-auth',
        tls: {
          certificate: server.certificate,
          key: `file:${server.key}`,
          client_ca: authority.certificate,
          client_sans: ['dns:gateway.internal'],
        },
      });
      const [entrance] = app.addresses.checkHttp;
      return { app, port: Number(entrance?.address.split(':').at(-1)) };
    }

    async function askAs(port: number, identity: Identity | undefined, more: object = {}): Promise<Told> {
      const own = identity && {
        cert: await readFile(identity.certificate),
        key: await readFile(identity.key),
      };
      const ca = await readFile(authority.certificate);
      return ask(askHttps, { host: '127.0.0.1', port, servername: SERVER_NAME, ca, ...own, ...more });
    }

    test('answer the gateway that is named, with and without ALPN', async () => {
      const { port } = await serveMutual();
      expect(await askAs(port, gateway)).toEqual(UNAUTHORIZED);
      expect(await askAs(port, gateway, { ALPNProtocols: ['http/1.1'] })).toEqual(UNAUTHORIZED);
    });

    test('answer nobody else: no certificate, another name, another protocol', async () => {
      const { app, port } = await serveMutual();
      await expect(askAs(port, undefined)).rejects.toThrow();
      await expect(askAs(port, other)).rejects.toThrow();
      await expect(askAs(port, gateway, { ALPNProtocols: ['h2'] })).rejects.toThrow();
      await expect(ask(askHttp, { host: '127.0.0.1', port })).rejects.toThrow();
      expect(app.log()).not.toContain('other.internal');
      expect(await askAs(port, gateway)).toEqual(UNAUTHORIZED);
    });
  });
});
