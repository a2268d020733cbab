import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreatedKey } from '../../src/domain/operations.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import { startSessionWorld, toPair } from './session-world.ts';
import type { SessionWorld } from './session-world.ts';

const envoy = await requirePart('envoy');
const openssl = await requirePart('openssl');
const authlib = await requirePart('authlib');
const needed = 'missing' in envoy ? envoy : openssl;
const PROGRAM_MS = 60_000;

/** Programs that know nothing of Tollgate but the issuer, over https as they insist on it. */
describe.skipIf('missing' in needed)(partTitle('standard OAuth clients, unmodified', needed), () => {
  let folder = '';
  let authority = '';
  let issuer = '';
  let front: Server;
  let world: SessionWorld;
  let envoyPort = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-oauth-'));
    const made = await createAuthority(folder, 'authority');
    authority = made.certificate;
    const own = await made.issue({ name: 'front', altNames: 'DNS:localhost' });
    front = await startFront({
      cert: await readFile(own.certificate),
      key: await readFile(own.key),
      port: () => envoyPort,
    });
    issuer = `https://localhost:${(front.address() as AddressInfo).port}`;
    const binary = 'found' in envoy ? envoy.found : '';
    world = await startSessionWorld(binary, { host: 'localhost', issuer, time: 'real' });
    envoyPort = Number(new URL(world.envoy.baseUrl).port);
  });

  afterAll(async () => {
    await world?.stop();
    front?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a program prints of an issuer, a client with its secret, and a refresh token. */
  async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const key = await world.makeKey();
    const told = [issuer, key.id, key.key, await makeRefreshToken(key)];
    const { stdout } = await promisify(execFile)(command, [...args, ...told], {
      env: { ...process.env, ...env },
      timeout: PROGRAM_MS,
    });
    return { key, told: JSON.parse(stdout) as unknown };
  }

  async function makeRefreshToken({ key }: CreatedKey): Promise<string> {
    return toPair(await world.post('/v1/auth/token', { headers: ['api-key', key] })).refresh_token;
  }

  const GRANTED = { client_secret_basic: 200, client_secret_post: 200 };

  test('openid-client discovers, is granted, refreshes and revokes; jose verifies with the published keys', async () => {
    const program = fileURLToPath(new URL('oauth-clients/openid-client.ts', import.meta.url));
    const { key, told } = await run(process.execPath, [program], { NODE_EXTRA_CA_CERTS: authority });
    expect(told).toEqual({
      granted: GRANTED,
      verified: key.account,
      open: 200,
      closed: 401,
      revokedRefresh: '400 invalid_grant',
      wrongSecret: '401 basic',
      unknownScope: '400 invalid_scope',
    });
  });

  test.skipIf('missing' in authlib)(
    partTitle('Authlib discovers, is granted, refreshes and revokes; joserfc verifies likewise', authlib),
    async () => {
      const program = fileURLToPath(new URL('oauth-clients/authlib_client.py', import.meta.url));
      const { key, told } = await run('python3', [program], {
        PYTHONPATH: 'found' in authlib ? authlib.found : '',
        REQUESTS_CA_BUNDLE: authority,
      });
      expect(told).toEqual({
        granted: GRANTED,
        verified: key.account,
        open: 200,
        revoked: 200,
        closed: 401,
        revokedRefresh: 'invalid_grant',
        wrongSecret: 'invalid_client',
      });
    },
  );

  test('nothing of this was an outage or a bug', () => {
    expect(world.errors).toEqual([]);
  });
});

interface Front {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Where Envoy listens, once it does. */
  readonly port: () => number;
}

/** TLS in front of Envoy, whose recipe has none. */
async function startFront({ cert, key, port }: Front): Promise<Server> {
  const server = createServer({ cert, key }, (client) => {
    const upstream = connect(port(), '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  // As `localhost` is found by either family.
  server.listen({ port: 0, host: 'localhost' }, resolve);
  await promise;
  return server;
}
