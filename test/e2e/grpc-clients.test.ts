import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListenerTls } from '../../src/lib/listener/tls.ts';
import { partTitle, requirePart } from '../parts.ts';
import type { Part } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import { BIG_ANSWER_BYTES, createEchoServer, runScenarios } from './grpc-clients.ts';
import type { ClientProgram, EchoServer, Told } from './grpc-clients.ts';

const openssl = await requirePart('openssl');
const grpcGo = await requirePart('grpc_go');
const grpcio = await requirePart('grpcio');

const SCENARIOS_MS_MAX = 180_000;
const STOP_MS = 1_000;
const GOODBYE_MS = 30_000;

interface Foreign {
  readonly title: string;
  readonly part: Part;
  readonly program: (found: string) => ClientProgram;
}

const CLIENTS: readonly Foreign[] = [
  { title: 'grpc-go', part: grpcGo, program: (command) => ({ command, args: [] }) },
  {
    title: "Python's grpcio",
    part: grpcio,
    program: (folder) => ({
      command: 'python3',
      args: [fileURLToPath(new URL('grpc-clients/python_client.py', import.meta.url))],
      env: { PYTHONPATH: folder },
    }),
  },
];

const HONEST = { calls: 3_000, wrong: [] };

/** What each scenario of the programs must tell, whoever speaks over whatever. */
const SCENARIOS: readonly (readonly [string, string, unknown])[] = [
  [
    'a refusal comes with its code, status, body and headers',
    'deny',
    {
      grpc: 'OK',
      code: 16,
      status: 401,
      body: '/deny?one',
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-server': 'first' },
    },
  ],
  [
    'an allow comes with its headers',
    'allow',
    { grpc: 'OK', code: 0, status: 0, body: '', headers: { 'x-target': '/allow?one' } },
  ],
  ['health is told of what is served', 'health', ['SERVING', 'SERVING', 'NOT_FOUND']],
  ['three thousand at once each get their own answer', 'concurrent', HONEST],
  ['two thousand one after another, too', 'sequential', { calls: 2_000, wrong: [] }],
  // Tollgate gives such a check up at the same moment: where its word comes first, that is a refusal.
  [
    'a deadline ends a call alone',
    'deadline',
    [expect.stringMatching(/^(DEADLINE_EXCEEDED 0|OK 503)$/), '/deny?next'],
  ],
  [
    'five hundred that are cancelled harm none of those among them',
    'cancel',
    { cancelled: { CANCELLED: 500 }, honest: HONEST, next: '/deny?next' },
  ],
  ['a header of 60,000 bytes is read whole', 'long-header', expect.objectContaining({ body: '60000' })],
  ['a message above the limit is refused alone', 'too-long', ['RESOURCE_EXHAUSTED', '/deny?next']],
  // grpc-go reads the bound in our SETTINGS and refuses such a call itself, as INTERNAL.
  [
    'so are 17,000 bytes of metadata',
    'long-field',
    [expect.stringMatching(/^(RESOURCE_EXHAUSTED|INTERNAL)$/), '/deny?next'],
  ],
  ['an answer of a megabyte comes whole', 'big-answer', BIG_ANSWER_BYTES],
];

describe.skipIf('missing' in openssl)(partTitle('foreign clients of the wire transport', openssl), () => {
  const bugs: unknown[] = [];
  let folder = '';
  let authority = '';
  let identity: ListenerTls;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-grpc-'));
    const made = await createAuthority(folder, 'authority');
    authority = made.certificate;
    const { certificate, key } = await made.issue({ name: 'server', altNames: 'DNS:localhost' });
    identity = { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const { title, part, program } of CLIENTS) {
    describe.skipIf('missing' in part)(partTitle(title, part), () => {
      const client = program('found' in part ? part.found : '');

      describe.each(['TCP', 'TLS', 'a unix socket'])('over %s', (kind) => {
        let first: EchoServer;
        let where: readonly string[];
        let told: Told;

        beforeAll(async () => {
          first = serve(
            'first',
            kind === 'a unix socket' ? `unix:${join(folder, 'check.sock')}` : 'localhost:0',
          );
          const { address } = await first.start();
          where = [address, kind === 'TLS' ? authority : '-'];
          told = await runScenarios(client, [...where, ...SCENARIOS.map(([, word]) => word)]).ended;
        }, SCENARIOS_MS_MAX);

        afterAll(async () => {
          await first.stop(STOP_MS);
          expect(bugs.splice(0)).toEqual([]);
        });

        function serve(name: string, listen: string): EchoServer {
          const tls = kind === 'TLS' ? identity : undefined;
          return createEchoServer({ name, listen, tls, onBug: (error) => bugs.push(error) });
        }

        test.each(SCENARIOS)('%s', (_, word, expected) => {
          expect(told.get(word)).toEqual(expected);
        });

        test(
          'a server that must go answers what it was asked, and its successor the rest: not one call is lost',
          async () => {
            const { begun, ended } = runScenarios(client, [...where, 'while-drains']);
            await Promise.all([begun, Promise.race([first.held, ended])]);
            const gone = first.stop(GOODBYE_MS);
            first.release();
            await gone;
            const second = serve('second', where[0] ?? '');
            await second.start();
            try {
              const drained = { wrong: [], held: 'first', returned: true };
              expect([...(await ended)]).toEqual([
                ['running', null],
                ['while-drains', drained],
              ]);
            } finally {
              await second.stop(STOP_MS);
            }
          },
          SCENARIOS_MS_MAX,
        );
      });
    });
  }
});
