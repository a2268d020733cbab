import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { askGrpc } from '../../../../src/cli/conformance/client/grpc-http.ts';
import { NoAnswer, askRaw } from '../../../../src/cli/conformance/client/raw-http.ts';
import { createAuthority } from '../../../e2e/certificates.ts';
import { partTitle, requirePart } from '../../../parts.ts';

const part = await requirePart('openssl');
const NAME = 'gateway.internal';
const GET = { method: 'GET', target: '/', headers: [['Host', 'api.example']] } as const;
const CALL = { method: 'POST', host: 'api.example', path: '/a.B/c', headers: [], peer: '', namedApi: '' };

describe.skipIf('missing' in part)(partTitle('a gateway behind TLS', part), () => {
  let folder: string;
  let ca: string;
  let otherCa: string;
  let named: { readonly cert: string; readonly key: string };
  let addressed: { readonly cert: string; readonly key: string };
  const opened: Server[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-connect-'));
    const authority = await createAuthority(folder, 'authority');
    const other = await createAuthority(folder, 'other');
    const issue = async (name: string, altNames: string) => {
      const { certificate, key } = await authority.issue({ name, altNames });
      return { cert: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
    };
    named = await issue('named', `DNS:${NAME}`);
    addressed = await issue('addressed', 'IP:127.0.0.1');
    ca = await readFile(authority.certificate, 'utf8');
    otherCa = await readFile(other.certificate, 'utf8');
  });

  afterEach(async () => {
    for (const server of opened.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function listen(server: Server): Promise<number> {
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Tells by which name it was asked. */
  async function startGateway(identity = named): Promise<number> {
    return listen(
      createServer(identity, (message, response) => {
        const { servername } = message.socket as unknown as { readonly servername: string | false };
        response.writeHead(200, { connection: 'close' }).end(`asked as ${servername || 'nobody'}`);
      }),
    );
  }

  test('answers whom its certificate proves it to, by the name that was given', async () => {
    const port = await startGateway();
    const answer = await askRaw({ port, ...GET, tls: { ca, serverName: NAME } });
    expect(answer).toMatchObject({ status: 200, body: `asked as ${NAME}` });
  });

  test('is found by its address where its certificate has that', async () => {
    const port = await startGateway(addressed);
    expect(await askRaw({ port, ...GET, tls: { ca } })).toMatchObject({ body: 'asked as nobody' });
  });

  test.each([
    ['of an authority that nobody named', () => ({ serverName: NAME })],
    ['of another authority', () => ({ ca: otherCa, serverName: NAME })],
    ['for another name', () => ({ ca, serverName: 'other.internal' })],
    ['for a name, asked by its address', () => ({ ca })],
  ])('with a certificate %s is told nothing, whatever the environment says', async (_, tls) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    let told = '';
    const closed: Promise<unknown>[] = [];
    const server = createTlsServer({ ...named, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      socket.on('error', () => undefined).on('data', (chunk) => (told += String(chunk)));
    });
    server.on('connection', (socket) => closed.push(once(socket, 'close')));
    const port = await listen(server);
    await expect(askRaw({ port, ...GET, tls: tls() })).rejects.toThrow(NoAnswer);
    const call = askGrpc({ port, tls: tls() }, { ...CALL, protocol: 'grpc', attempt: 'first' });
    await expect(call).rejects.toThrow(NoAnswer);
    await Promise.all(closed);
    expect({ told, connections: closed.length }).toEqual({ told: '', connections: 2 });
  });

  test('serves gRPC clients over HTTP/2', async () => {
    const server = createSecureServer(named, (_, response) => {
      response.stream.respond({ ':status': 200, 'grpc-status': '16' }, { endStream: true });
    });
    const port = await listen(server);
    const sent = { ...CALL, protocol: 'grpc', attempt: 'first' } as const;
    const { status, headers } = await askGrpc({ port, tls: { ca, serverName: NAME } }, sent);
    expect(status).toBe(200);
    expect(headers).toContainEqual(['grpc-status', '16']);
  });
});
