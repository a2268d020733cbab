import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AuthorizationService } from '@envoyproxy/ext-authz-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import type { EnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import { ANY_PORT } from './grpc-listener.ts';
import { denyReply } from './replies.ts';

const h2spec = await requirePart('h2spec');
const part = 'missing' in h2spec ? h2spec : await requirePart('openssl');
const binary = 'found' in h2spec ? h2spec.found : '';

const DENY = denyReply({ code: 'credential_missing', status: 401 });
/** What h2spec 2.2 tries when it is strict. */
const TESTS = 146;
/** How long it waits for each answer, in seconds: on a busy machine the default of two is little. */
const PATIENCE_SECONDS = 10;
const RUN_MS = 120_000;

describe.skipIf('missing' in part)(partTitle('h2spec, strict', part), () => {
  const bugs: unknown[] = [];
  const servers: EnvoyGrpcServer[] = [];
  let folder: string;
  const addresses = { tcp: '', tls: '' };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-h2spec-'));
    const authority = await createAuthority(folder, 'authority');
    const identity = await authority.issue({ name: 'server', altNames: 'DNS:localhost' });
    const tls = {
      certificate: await readFile(identity.certificate, 'utf8'),
      key: await readFile(identity.key, 'utf8'),
    };
    for (const [name, secured] of [
      ['tcp', undefined],
      ['tls', tls],
    ] as const) {
      const server = createEnvoyGrpcServer({
        ...ANY_PORT,
        transport: 'wire',
        tls: secured,
        answer: () => DENY,
        refuse: () => DENY,
        onBug: (error) => bugs.push(error),
        onRefused: () => {},
      });
      servers.push(server);
      addresses[name] = (await server.start()).address;
    }
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop(0)));
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['tcp', '/'],
    ['tcp', AuthorizationService.check.path],
    ['tls', '/'],
    ['tls', AuthorizationService.check.path],
  ] as const)(
    'over %s, path %s: every test passes',
    async (kind, path) => {
      const port = addresses[kind].split(':').at(-1) ?? '';
      const secure = kind === 'tls' ? ['--tls', '--insecure'] : [];
      const args = [
        '--strict',
        '-h',
        '127.0.0.1',
        '-p',
        port,
        '--path',
        path,
        '-o',
        String(PATIENCE_SECONDS),
        ...secure,
      ];
      const { stdout } = await promisify(execFile)(binary, args).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).toContain(`${TESTS} tests, ${TESTS} passed, 0 skipped, 0 failed`);
      expect(bugs).toEqual([]);
    },
    RUN_MS,
  );
});
