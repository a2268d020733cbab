import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Metadata, compressionAlgorithms, credentials } from '@grpc/grpc-js';
import type { CallOptions, ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GRPC } from '../../src/lib/grpc-code.ts';
import type { ListenerTls } from '../../src/lib/listener/tls.ts';
import type { GrpcTransport, Method } from '../../src/edge/gateway/envoy-grpc/transport.ts';
import { createWireTransport } from '../../src/edge/gateway/envoy-grpc/wire.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import { ANY_PORT } from './grpc-listener.ts';

const part = await requirePart('openssl');

const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const ANSWER_BYTES = 5 * 1024 * 1024;
const STOP_MS = 1_000;
const GOODBYE_MS = 30_000;

const methods = new Map<string, Method>([
  ['/t.T/Echo', (message) => Buffer.from(message)],
  [
    '/t.T/Later',
    async (message) => {
      const copy = Buffer.from(message);
      await new Promise((resolve) => setImmediate(resolve));
      return copy;
    },
  ],
  ['/t.T/Big', () => Buffer.alloc(ANSWER_BYTES, 'b')],
  ['/t.T/Never', () => new Promise<never>(() => {})],
]);

describe.skipIf('missing' in part)(partTitle('grpc-js as a client of the wire transport', part), () => {
  const bugs: unknown[] = [];
  let folder: string;
  let tls: ListenerTls;
  let root: Buffer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-wire-'));
    const authority = await createAuthority(folder, 'authority');
    const { certificate, key } = await authority.issue({ name: 'server', altNames: 'DNS:localhost' });
    tls = { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
    root = await readFile(authority.certificate);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(['TCP', 'TLS', 'a unix socket'])('over %s', (kind) => {
    let transport: GrpcTransport;
    let client: Client;
    let address: string;
    let trust: ChannelCredentials;

    beforeAll(async () => {
      transport = createWireTransport({
        listen: kind === 'a unix socket' ? `unix:${join(folder, 'wire.sock')}` : 'localhost:0',
        socketMode: 0o600,
        tls: kind === 'TLS' ? tls : undefined,
        methods,
        limits: { ...ANY_PORT.limits, messageBytesMax: MESSAGE_BYTES_MAX },
        nowMs: () => performance.now(),
        onBug: (error) => bugs.push(error),
        onRefused: () => {},
      });
      ({ address } = await transport.start());
      trust = kind === 'TLS' ? credentials.createSsl(root) : credentials.createInsecure();
      client = createClient();
    });

    afterAll(async () => {
      client.close();
      await transport.stop(STOP_MS);
      expect(bugs).toEqual([]);
    });

    function createClient(): Client {
      return new Client(address, trust, {
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        'grpc.use_local_subchannel_pool': 1,
      });
    }

    function ask(
      name: string,
      message: Buffer,
      options: CallOptions & { metadata?: Metadata } = {},
    ): Promise<Buffer> {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      const { metadata = new Metadata(), ...rest } = options;
      const done = (error: ServiceError | null, value?: Buffer): void =>
        error === null && value !== undefined ? resolve(value) : reject(error ?? new Error('no answer'));
      client.makeUnaryRequest(`/t.T/${name}`, same, same, message, metadata, rest, done);
      return promise;
    }

    test.each([0, 1, 5, 16_379, 16_380, 65_535, 262_144, MESSAGE_BYTES_MAX])(
      '%i bytes come back',
      async (size) => {
        const message = Buffer.alloc(size, 7);
        expect((await ask('Echo', message)).equals(message)).toBe(true);
      },
    );

    test('an answer longer than any window comes whole', async () => {
      expect(await ask('Big', Buffer.alloc(0))).toHaveLength(ANSWER_BYTES);
    });

    test.each<[string, number, () => Promise<Buffer>]>([
      ['a byte too much', GRPC.resourceExhausted, () => ask('Echo', Buffer.alloc(MESSAGE_BYTES_MAX + 1))],
      ['far too much', GRPC.resourceExhausted, () => ask('Echo', Buffer.alloc(5 * MESSAGE_BYTES_MAX))],
      ['an unknown method', GRPC.unimplemented, () => ask('Nobody', Buffer.alloc(0))],
      [
        'what never comes',
        GRPC.deadlineExceeded,
        () => ask('Never', Buffer.alloc(0), { deadline: Date.now() + 50 }),
      ],
      [
        'long headers',
        GRPC.resourceExhausted,
        () => ask('Echo', Buffer.alloc(0), { metadata: longMetadata() }),
      ],
    ])('%s is refused alone', async (_, code, call) => {
      await expect(call()).rejects.toMatchObject({ code });
      expect(await ask('Echo', Buffer.from('next'))).toEqual(Buffer.from('next'));
    });

    test('a packed message is refused with what may be sent', async () => {
      const packing = new Client(address, trust, {
        'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
      });
      const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
      packing.makeUnaryRequest('/t.T/Echo', same, same, Buffer.alloc(1_000), (error) => resolve(error));
      const error = await promise;
      expect(error).toMatchObject({ code: GRPC.unimplemented });
      packing.close();
    });

    test.each(['Echo', 'Later'])('three thousand at once to %s are all answered', async (name) => {
      const messages = Array.from({ length: 3_000 }, (_, index) => Buffer.from(`${index}`));
      expect(await Promise.all(messages.map((message) => ask(name, message)))).toEqual(messages);
    });

    test('two thousand that are cancelled harm none of those among them', async () => {
      const honest = Array.from({ length: 2_000 }, (_, index) => {
        const call = client.makeUnaryRequest('/t.T/Never', same, same, Buffer.alloc(1), () => {});
        const asked = ask('Later', Buffer.from(`${index}`));
        return asked.finally(() => call.cancel());
      });
      expect((await Promise.all(honest)).map(String)).toEqual(honest.map((_, index) => `${index}`));
    });

    test('those under way when the server must go are answered', async () => {
      const open = Array.from({ length: 40 }, () => ask('Later', Buffer.from('x')));
      await ask('Echo', Buffer.alloc(0));
      await transport.stop(GOODBYE_MS);
      expect((await Promise.all(open)).map(String)).toEqual(open.map(() => 'x'));
    });
  });
});

function longMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set('x-long', 'x'.repeat(17_000));
  return metadata;
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
