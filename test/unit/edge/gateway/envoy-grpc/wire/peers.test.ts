import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, Settings } from 'node:http2';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { createWireServer } from '../../../../../../src/edge/gateway/envoy-grpc/wire/server.ts';
import { ECHO, LIMITS, prefixed } from './raw-peer.ts';

const sessions: ClientHttp2Session[] = [];

afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

function open(settings: Settings): ClientHttp2Session {
  const [ours, theirs] = duplexPair();
  const server = createWireServer({
    methods: new Map([[ECHO, (message: Uint8Array) => Buffer.from(message)]]),
    limits: LIMITS,
    nowMs: () => 0,
    random: () => 0.5,
    onBug: (error) => {
      throw error;
    },
  });
  server.accept(theirs);
  const session = connect('http://api.example', { createConnection: () => ours, settings });
  sessions.push(session);
  return session;
}

interface Answered {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly status: string | undefined;
}

function ask(session: ClientHttp2Session, message: Buffer): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const stream = session.request({
    ':method': 'POST',
    ':path': ECHO,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let status: string | undefined;
  stream.on('response', (told) => (headers = told));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'])));
  stream.on('error', reject);
  stream.on('end', () =>
    resolve({ body: Buffer.concat(chunks), contentType: headers['content-type'], status }),
  );
  stream.end(prefixed(message));
  return promise;
}

describe('node:http2 as a peer', () => {
  test.each<[string, Settings, number]>([
    ['without a table for headers', { headerTableSize: 0 }, 1_000],
    ['with a small table for headers', { headerTableSize: 100 }, 1_000],
    ['with windows of 63 bytes', { initialWindowSize: 63 }, 2_000],
    ['with windows of one byte', { initialWindowSize: 1 }, 40],
    ['with large frames', { maxFrameSize: 1_000_000, initialWindowSize: 1_000_000 }, 500_000],
  ])('%s is answered, call after call', async (_, settings, size) => {
    const session = open(settings);
    const message = Buffer.alloc(size, 'm');
    for (let call = 0; call < 5; call += 1) {
      expect(await ask(session, message)).toEqual({
        body: prefixed(message),
        contentType: 'application/grpc',
        status: '0',
      });
    }
  });

  test('that takes its table away between two calls is answered', async () => {
    const session = open({});
    await ask(session, Buffer.from('a'));
    const acknowledged = new Promise((resolve) => session.once('localSettings', resolve));
    session.settings({ headerTableSize: 0 });
    await acknowledged;
    expect((await ask(session, Buffer.from('b'))).body).toEqual(prefixed(Buffer.from('b')));
  });
});
