import { mkdtemp, rm, stat } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { partTitle, requirePart } from '../parts.ts';
import { AUTHZ, withAuthz } from './authz-cluster.ts';
import type { AuthzCluster } from './authz-cluster.ts';
import { createAuthority } from './certificates.ts';
import type { Authority, Identity } from './certificates.ts';
import { ask, poll, readStat } from './envoy.ts';
import { serveApp } from './serve-app.ts';
import type { ServedApp } from './serve-app.ts';

const envoyPart = await requirePart('envoy');
const part = 'missing' in envoyPart ? envoyPart : await requirePart('openssl');
const binary = 'found' in envoyPart ? envoyPart.found : '';

const SERVER_NAME = 'tollgate.internal';
const SPIFFE = 'spiffe://cluster.local/ns/edge/sa/envoy';
/** At this security level OpenSSL still offers the old versions: it is the listener that refuses them. */
const OLD: ConnectionOptions = {
  ALPNProtocols: ['h2'],
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT:@SECLEVEL=0',
};
const UNAUTHORIZED = { status: 401 };
const UNAVAILABLE = { status: 503 };

describe.skipIf('missing' in part)(partTitle('over TLS through a real Envoy', part), () => {
  const opened: (() => Promise<unknown>)[] = [];
  let folder: string;
  let authority: Authority;
  let server: Identity;
  let gateway: Identity;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-tls-'));
    authority = await createAuthority(folder, 'authority');
    server = await authority.issue({ name: 'server', altNames: `DNS:${SERVER_NAME}` });
    gateway = await authority.issue({ name: 'gateway', altNames: `DNS:x,URI:${SPIFFE}` });
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function serve(grpc: Readonly<Record<string, unknown>>): Promise<ServedApp> {
    const served = await serveApp({ folder, check: { grpc } });
    opened.push(() => served.stop());
    return served;
  }

  const ownTls = () => ({ certificate: server.certificate, key: `file:${server.key}` });
  const serveTls = () => serve({ tls: ownTls() });
  const serveMutual = () => {
    const clients = {
      client_ca: authority.certificate,
      client_sans: ['dns:other.internal', `uri:${SPIFFE}`],
    };
    return serve({ tls: { ...ownTls(), ...clients } });
  };

  async function startGateway(authz: AuthzCluster): Promise<EnvoyProcess> {
    const app = await startEcho(0);
    opened.push(() => app.stop());
    const recipe = await readFile(new URL('../../envoy.yaml', import.meta.url), 'utf8');
    const ports = { listen: 0, admin: 0, authz: 0, app: app.port };
    const envoy = await startEnvoy({
      binary,
      recipe: withAuthz(recipe, { healthInterval: '0.1s', ...authz }),
      ports,
    });
    opened.push(() => envoy.stop());
    return envoy;
  }

  function reach({ address }: ServedApp, own?: Identity): Promise<EnvoyProcess> {
    const tls = { authority: authority.certificate, serverName: SERVER_NAME, ...(own && { own }) };
    return startGateway({ addresses: [address], tls });
  }

  test('checks and health are answered, and the gateway shows no certificate where none is asked for', async () => {
    const envoy = await reach(await serveTls());
    expect(await ask(envoy.baseUrl, {})).toMatchObject(UNAUTHORIZED);
    await poll(
      () => healthy(envoy),
      (count) => count === 1,
    );
  });

  test('a gateway whose certificate has one of the names is answered, health included', async () => {
    const envoy = await reach(await serveMutual(), gateway);
    expect(await ask(envoy.baseUrl, {})).toMatchObject(UNAUTHORIZED);
    await poll(
      () => healthy(envoy),
      (count) => count === 1,
    );
  });

  test.each([
    ['another name, signed by the same authority', 'DNS:evil.internal'],
    ['a name that only contains ours', `URI:${SPIFFE}x,DNS:x.other.internal`],
    ['no alternative names', ''],
  ])('a gateway whose certificate has %s is refused before any decision', async (what, altNames) => {
    const own = await authority.issue({ name: `named ${what}`, altNames });
    const serving = await serveMutual();
    await expectRefused(await reach(serving, own), serving, 'names none of client_sans');
  });

  test('a gateway without a certificate is refused', async () => {
    const serving = await serveMutual();
    await expectRefused(await reach(serving), serving, 'no TLS as this listener asks for it');
  });

  test('a gateway with our name under another authority is refused', async () => {
    const other = await createAuthority(folder, 'other-authority');
    const own = await other.issue({ name: 'forged', altNames: `URI:${SPIFFE}` });
    const serving = await serveMutual();
    await expectRefused(await reach(serving, own), serving, 'no TLS as this listener asks for it');
  });

  test('a gateway that speaks cleartext is refused', async () => {
    const serving = await serveMutual();
    const envoy = await startGateway({ addresses: [serving.address] });
    await expectRefused(envoy, serving, 'no TLS as this listener asks for it');
  });

  test('a peer with old TLS, with another protocol or without a word is cut, and disturbs nobody', async () => {
    const serving = await serveTls();
    const options = [OLD, {}, { ALPNProtocols: ['http/1.1'] }, undefined, { ALPNProtocols: ['h2'] }];
    await Promise.all(options.map((each) => closedBy(serving, each)));
    const envoy = await reach(serving);
    expect(await ask(envoy.baseUrl, {})).toMatchObject(UNAUTHORIZED);
  });

  test('a unix socket is answered, with the rights that the configuration says', async () => {
    const path = join(folder, 'check.sock');
    await serve({ listen: `unix:${path}`, socket_mode: '0600' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const envoy = await startGateway({ addresses: [`unix:${path}`] });
    expect(await ask(envoy.baseUrl, {})).toMatchObject(UNAUTHORIZED);
    await poll(
      () => healthy(envoy),
      (count) => count === 1,
    );
  });

  test('a key that is not the certificate’s ends the start with the line of the mistake', async () => {
    const failed = serve({ tls: { ...ownTls(), key: `file:${gateway.key}` } });
    await expect(failed).rejects.toThrow('check.grpc.tls.key: this key is not the certificate’s');
  });
});

function healthy({ adminUrl }: EnvoyProcess): Promise<number> {
  return readStat(adminUrl, `cluster.${AUTHZ}.membership_healthy`);
}

async function expectRefused(envoy: EnvoyProcess, serving: ServedApp, why: string): Promise<void> {
  expect(await ask(envoy.baseUrl, {})).toMatchObject(UNAVAILABLE);
  await poll(
    () => readStat(envoy.adminUrl, `cluster.${AUTHZ}.health_check.failure`),
    (failures) => failures > 0,
  );
  expect(await readStat(envoy.adminUrl, `cluster.${AUTHZ}.health_check.success`)).toBe(0);
  expect(await readStat(envoy.adminUrl, 'http.ingress.ext_authz.denied')).toBe(0);
  await poll(
    () => Promise.resolve(serving.log()),
    (text) => text.includes(why),
  );
}

/** Resolves once the listener has closed the connection. */
async function closedBy({ address }: ServedApp, options: ConnectionOptions | undefined): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const { promise, resolve } = Promise.withResolvers<void>();
  const where = { host, port: Number(port) };
  const socket =
    options === undefined
      ? connectTcp(where)
      : connectTls({ ...where, rejectUnauthorized: false, ...options });
  socket.on('error', () => {}).on('close', () => resolve());
  await promise;
}
