import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { AuthorizationService } from '@envoyproxy/ext-authz-types';
import { afterEach, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { createMethods } from '../../src/edge/gateway/envoy-grpc/methods.ts';
import type { Methods } from '../../src/edge/gateway/envoy-grpc/transport.ts';
import { partTitle, requirePart } from '../parts.ts';
import { ask, startRecipe } from './envoy.ts';
import { callGrpc } from './grpc-client.ts';
import { allowReply, denyReply } from './replies.ts';

const part = await requirePart('envoy');
const PLAIN = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}';

const TRUEDY =
  '{"error":{"code":"service_unavailable","message":"Service unavailable","details":{}},"meta":{"request_id":"<uuid>","ts":"<time>"}}';

const SHAPES: [string, string][] = [
  ['api.truedy.ai', TRUEDY],
  ['api.claryai.com', PLAIN],
  ['api.trackyard.com', PLAIN],
  ['API.Trackyard.com', PLAIN],
  ['api.autype.com', '{"statusCode":503,"message":"Service unavailable"}'],
  ['api.freddy.aitronos.com', PLAIN],
];

/** A listener that has all the room it needs. */
const IDLE = {
  isServing: () => true,
  isBehind: () => false,
  refuse: () => denyReply({ code: 'unavailable', status: 503 }),
  checksMax: 10,
  nowMs: () => performance.now(),
};

function withoutHoles(body: string): string {
  return body
    .replace(/"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"/, '"<uuid>"')
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/, '"<time>"');
}

describe.skipIf('missing' in part)(partTitle('the recipe without a working Tollgate', part), () => {
  const opened: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  async function start(authzPort: number): Promise<EnvoyProcess> {
    const app = await startEcho(0);
    opened.push(() => app.stop());
    const binary = 'found' in part ? part.found : '';
    const envoy = await startRecipe({ binary, authzPort, appPort: app.port });
    opened.push(() => envoy.stop());
    return envoy;
  }

  /** The two methods over another HTTP/2 server, which may break streams as a dying process does. */
  async function startBreaking(methods: Methods, breaks: (check: number) => boolean): Promise<Breaking> {
    const sessions = new Set<Http2Session>();
    const messages: Buffer[] = [];
    const server = createHttp2Server();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const path = headers[':path'] ?? '';
      void serve(stream, { path, methods, isBroken: () => breaks(messages.length), messages });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    });
    return { port: (server.address() as AddressInfo).port, messages };
  }

  test('every host refuses with 503 in the shape of its API when Tollgate is gone', async () => {
    const gone = await startEcho(0);
    await gone.stop();
    const envoy = await start(gone.port);
    for (const [host, body] of SHAPES) {
      const answered = await ask(envoy.baseUrl, {
        host,
        target: '/v1/x',
        headers: ['x-account-id', 'forged'],
      });
      expect(answered.status).toBe(503);
      expect(withoutHoles(answered.body)).toBe(body);
      expect(answered.headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'retry-after': '1',
      });
    }
  });

  test('a gRPC client is told UNAVAILABLE in one sentence when Tollgate is gone', async () => {
    const gone = await startEcho(0);
    await gone.stop();
    const envoy = await start(gone.port);
    expect(await callGrpc(envoy.baseUrl)).toMatchObject({
      code: 14,
      details: 'Service unavailable',
    });
  });

  test('a Tollgate that never answers is given up: 503', async () => {
    const methods = createMethods({
      answer: () => new Promise<never>(() => {}),
      onBug: () => {},
      ...IDLE,
    });
    const { port, messages } = await startBreaking(methods, () => false);
    const envoy = await start(port);
    expect(await ask(envoy.baseUrl, { host: 'api.claryai.com' })).toMatchObject({ status: 503, body: PLAIN });
    expect(messages.length).toBeGreaterThan(1);
  });

  test('a check whose stream was reset is asked again with the same bytes, and the client notices nothing', async () => {
    const methods = createMethods({
      answer: () => allowReply(),
      onBug: () => {},
      ...IDLE,
    });
    const { port, messages } = await startBreaking(methods, (check) => check <= 2);
    const envoy = await start(port);
    expect(await ask(envoy.baseUrl, {})).toMatchObject({ status: 200 });
    expect(messages).toHaveLength(3);
    expect(messages[1]).toEqual(messages[0]);
    expect(messages[2]).toEqual(messages[0]);
  });
});

interface Breaking {
  readonly port: number;
  /** Every check received. */
  readonly messages: readonly Buffer[];
}

interface Serving {
  readonly path: string;
  readonly methods: Methods;
  readonly isBroken: () => boolean;
  readonly messages: Buffer[];
}

const PREFIX_BYTES = 5;

async function serve(stream: ServerHttp2Stream, serving: Serving): Promise<void> {
  stream.on('error', () => {});
  const message = (await buffer(stream)).subarray(PREFIX_BYTES);
  if (serving.path === AuthorizationService.check.path) {
    serving.messages.push(message);
    if (serving.isBroken()) {
      stream.close(2);
      return;
    }
  }
  const bytes = await serving.methods.get(serving.path)?.(message, { timeoutMs: Infinity });
  if (bytes === undefined || stream.destroyed) return;
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(bytes.length, 1);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.concat([prefix, bytes]));
}
