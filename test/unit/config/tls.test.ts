import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { formatProblem } from '../../../src/config/problems.ts';
import { createEnvoyGrpcServer } from '../../../src/edge/gateway/envoy-grpc/server.ts';
import { createAuthority } from '../../e2e/certificates.ts';
import { ANY_PORT } from '../../e2e/grpc-listener.ts';
import { denyReply } from '../../e2e/replies.ts';
import { partTitle, requirePart } from '../../parts.ts';
import { load, problemsOf, SERVER } from './world.ts';

const part = await requirePart('openssl');
const DAY_MS = 86_400_000;

describe.skipIf('missing' in part)(partTitle('the section tls of the check listener', part), () => {
  let folder: string;
  let files: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-certificates-'));
    const authority = await createAuthority(folder, 'ca');
    const own = await authority.issue({ name: 'own', altNames: 'DNS:tollgate.internal' });
    const locked = join(folder, 'locked.key');
    const lock = ['pkey', '-in', own.key, '-aes256', '-passout', 'pass:secret', '-out', locked];
    await promisify(execFile)('openssl', lock);
    const names = ['ca.pem', 'ca.key', 'own.pem', 'own.key', 'locked.key'];
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    files = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
    files['noise.pem'] = 'noise';
    files['broken.pem'] = `${files['own.pem']}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const OWN = ['certificate: own.pem', 'key: file:own.key'];
  const CLIENTS = ['client_ca: ca.pem', 'client_sans: [dns:gateway.internal, uri:spiffe://a/b]'];
  const problems = (...lines: string[]) => problemsOf({ server: serverWith(...lines), files });

  test('gives certificates to the document and the key to the secrets alone', () => {
    const { document, secrets } = load({ server: serverWith(...OWN, ...CLIENTS), files, nowMs: Date.now() });
    expect(document.check.grpc.tls).toEqual({
      certificate: files['own.pem'],
      clients: {
        authority: files['ca.pem'],
        altNames: ['dns:gateway.internal', 'uri:spiffe://a/b'],
      },
    });
    expect(secrets.checkTlsKey).toBe(files['own.key']?.trimEnd());
    expect(JSON.stringify(document)).not.toContain('PRIVATE KEY');
  });

  test('takes the key from the environment as well', () => {
    const server = serverWith('certificate: own.pem', 'key: ${TLS_KEY}');
    const { secrets } = load({ server, files, env: { TLS_KEY: files['own.key'] } });
    expect(secrets.checkTlsKey).toBe(files['own.key']);
  });

  test('may be left out: cleartext', () => {
    const { document, secrets } = load();
    expect(document.check.grpc).not.toHaveProperty('tls');
    expect(secrets.checkTlsKey).toBeUndefined();
  });

  const AT = 'config/tollgate.yaml:';
  const MISTAKES: [what: string, lines: string[], ...problems: string[]][] = [
    [
      'a certificate that is not there',
      ['certificate: none.pem', 'key: file:own.key'],
      '6:20: check.grpc.tls.certificate: the file named here cannot be read (ENOENT)',
    ],
    [
      'a certificate that is none',
      ['certificate: noise.pem', 'key: file:own.key'],
      '6:20: check.grpc.tls.certificate: the file named here holds no certificates in PEM',
    ],
    [
      'a chain with a broken link',
      ['certificate: broken.pem', 'key: file:own.key'],
      '6:20: check.grpc.tls.certificate: the file named here holds no certificates in PEM',
    ],
    [
      'no key',
      ['certificate: own.pem'],
      '5:5: check.grpc.tls.key: is missing: expected ${NAME} or file:path',
    ],
    [
      'a key of another certificate',
      ['certificate: own.pem', 'key: file:ca.key'],
      '7:12: check.grpc.tls.key: this key is not the certificate’s',
    ],
    [
      'a key with a passphrase',
      ['certificate: own.pem', 'key: file:locked.key'],
      '7:12: check.grpc.tls.key: expected a private key in PEM without a passphrase',
    ],
    [
      'a certificate in place of the key',
      ['certificate: own.pem', 'key: file:own.pem'],
      '7:12: check.grpc.tls.key: expected a private key in PEM without a passphrase',
    ],
    [
      'a key in the file itself',
      ['certificate: own.pem', 'key: hunter2-hunter2'],
      '7:12: check.grpc.tls.key: a secret is never written here: expected ${NAME} or file:path',
    ],
    [
      'an authority without names',
      [...OWN, 'client_ca: ca.pem'],
      '5:5: check.grpc.tls.client_sans: say who may ask: an authority signs others, too',
    ],
    [
      'names without an authority',
      [...OWN, 'client_sans: [dns:a]'],
      '8:20: check.grpc.tls.client_sans: needs client_ca, which signs them',
    ],
    [
      'an authority that is none',
      [...OWN, 'client_ca: noise.pem', 'client_sans: [dns:a]'],
      '8:18: check.grpc.tls.client_ca: the file named here holds no certificates in PEM',
    ],
  ];

  test.each(MISTAKES)('names %s, with its line', (_, lines, ...expected) => {
    expect(problems(...lines)).toEqual(expected.map((problem) => AT + problem));
  });

  test.each([
    'gateway.internal',
    'dns:',
    'dns:*.internal',
    'dns:a b',
    'uri:x',
    'uri:spiffe://a, DNS:b',
    'ip:10.0.0.1',
  ])('takes %j for no name', (name) => {
    const [problem] = problems(...OWN, 'client_ca: ca.pem', `client_sans: [${JSON.stringify(name)}]`);
    expect(problem).toContain(
      'check.grpc.tls.client_sans[0]: found a value that is not shown; expected a name',
    );
  });

  test('with a certificate out of its time is worth knowing, and keeps no operator from revoking a key', () => {
    for (const nowMs of [Date.now() - DAY_MS, Date.now() + 30 * DAY_MS]) {
      const { notices } = load({ server: serverWith(...OWN, ...CLIENTS), files, nowMs });
      expect(notices.map(formatProblem)).toEqual([
        expect.stringMatching(/:6:20: check\.grpc\.tls\.certificate: a certificate is valid from .* to .*$/),
        expect.stringMatching(/:8:18: check\.grpc\.tls\.client_ca: a certificate is valid from .* to .*$/),
      ]);
    }
  });

  test('with a certificate out of its time is not served, and the start says why', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * DAY_MS });
    try {
      const refusal = denyReply({ code: 'unavailable', status: 503 });
      const server = createEnvoyGrpcServer({
        ...ANY_PORT,
        tls: { certificate: files['own.pem'] ?? '', key: files['own.key'] ?? '' },
        answer: () => refusal,
        refuse: () => refusal,
        onBug: () => {},
        onRefused: () => {},
      });
      await expect(server.start()).rejects.toThrow(
        /^cannot listen on 127\.0\.0\.1:0: a certificate is valid from .* to /,
      );
      await server.stop(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

function serverWith(...lines: string[]): string {
  return `${SERVER}check:\n  grpc:\n    tls:\n${lines.map((line) => `      ${line}\n`).join('')}`;
}
