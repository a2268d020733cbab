import { statSync, watch } from 'node:fs';
import { lstat, mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { connect as http2Connect } from 'node:http2';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AuthorizationClient, CheckRequest } from '@envoyproxy/ext-authz-types';
import type { CheckResponse } from '@envoyproxy/ext-authz-types';
import { HealthClient } from '@envoyproxy/ext-authz-types/health';
import { Client, compressionAlgorithms, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientOptions, ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LATE_MS, TICK_MS } from '../../../../../src/lib/loop-delay.ts';
import { TRANSPORTS } from '../../../../../src/edge/gateway/envoy-grpc/limits.ts';
import type { TransportName } from '../../../../../src/edge/gateway/envoy-grpc/limits.ts';
import type { Answer } from '../../../../../src/edge/gateway/envoy-grpc/methods.ts';
import { createEnvoyGrpcServer } from '../../../../../src/edge/gateway/envoy-grpc/server.ts';
import type {
  EnvoyGrpcServer,
  EnvoyGrpcServerOptions,
} from '../../../../../src/edge/gateway/envoy-grpc/server.ts';
import { ANY_PORT } from '../../../../e2e/grpc-listener.ts';
import { denyReply } from '../../../../e2e/replies.ts';
import { readBytes } from './fixtures.ts';

const DENY = denyReply({ code: 'credential_missing', status: 401 });
const BUSY = denyReply({ code: 'unavailable', status: 503 });
const CHECK = CheckRequest.decode(readBytes('bearer-key'));
const STOP_MS = 500;
/** `wire` takes nothing packed, `grpc-js` unpacks as far as a message may go. */
const REFUSED_PACKED: Readonly<Record<TransportName, number>> = { wire: 12, 'grpc-js': 8 };

const clients: Client[] = [];
const servers: EnvoyGrpcServer[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-grpc-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.stop(STOP_MS)));
  await rm(folder, { recursive: true, force: true });
});

describe.each(TRANSPORTS)('over %s', (transport) => {
  async function start(answer: Answer, options: Partial<EnvoyGrpcServerOptions> = {}) {
    const server = createEnvoyGrpcServer({
      ...ANY_PORT,
      transport,
      answer,
      refuse: () => BUSY,
      onBug: () => {},
      onRefused: () => {},
      ...options,
    });
    const { address } = await server.start();
    servers.push(server);
    return { server, address };
  }

  function check(address: string, deadlineMs = 5_000): Promise<CheckResponse> {
    const client = new AuthorizationClient(address, credentials.createInsecure());
    clients.push(client);
    return settle((done) => client.check(CHECK, new Metadata(), { deadline: Date.now() + deadlineMs }, done));
  }

  function health(address: string, service: string): Promise<number> {
    const client = new HealthClient(address, credentials.createInsecure());
    clients.push(client);
    return settle<{ status: number }>((done) => client.check({ service }, done)).then(({ status }) => status);
  }

  function manyNames(count: number): [string, string][] {
    return Array.from({ length: count }, (_, index) => [`x-${index}`, 'x']);
  }

  function same(bytes: Buffer): Buffer {
    return bytes;
  }

  /** Any bytes to any method. */
  function callRaw(
    address: string,
    path: string,
    bytes: Buffer,
    options: ClientOptions = {},
  ): Promise<Buffer> {
    const client = new Client(address, credentials.createInsecure(), options);
    clients.push(client);
    return settle((done) => client.makeUnaryRequest(path, same, same, bytes, done));
  }

  function settle<T>(call: (done: (error: ServiceError | null, value?: T) => void) => unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    call((error, value) => {
      if (error === null && value !== undefined) resolve(value);
      else reject(error ?? new Error('neither an error nor a value'));
    });
    return promise;
  }

  describe('over the wire', () => {
    test('a check is answered, and the method is told how long the gateway waits', async () => {
      const waits: (number | undefined)[] = [];
      const { address } = await start(({ timeoutMs }) => {
        waits.push(timeoutMs);
        return DENY;
      });
      expect((await check(address, 60_000)).status?.code).toBe(16);
      expect(waits[0]).toBeGreaterThan(50_000);
      expect(waits[0]).toBeLessThanOrEqual(60_000);
    });

    test('a call without a deadline says Infinity', async () => {
      const waits: (number | undefined)[] = [];
      const { address } = await start(({ timeoutMs }) => {
        waits.push(timeoutMs);
        return DENY;
      });
      await callRaw(address, '/envoy.service.auth.v3.Authorization/Check', readBytes('bearer-key'));
      expect(waits).toEqual([Infinity]);
    });

    test('an undecodable message is an error of that call alone', async () => {
      const { address } = await start(() => DENY);
      const path = '/envoy.service.auth.v3.Authorization/Check';
      await expect(callRaw(address, path, Buffer.from([0x0a, 0xff]))).rejects.toMatchObject({ code: 3 });
      expect((await check(address)).status?.code).toBe(16);
    });

    test('a message above the limit is refused before it is decoded', async () => {
      const asked: unknown[] = [];
      const { address } = await start((request) => {
        asked.push(request);
        return DENY;
      });
      const path = '/envoy.service.auth.v3.Authorization/Check';
      await expect(callRaw(address, path, Buffer.alloc(1024 * 1024 + 1))).rejects.toMatchObject({ code: 8 });
      expect(asked).toEqual([]);
    });

    test.each([
      ['another protocol', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
      ['noise', Buffer.alloc(4096, 0xa5)],
      // The preface of HTTP/2, then a frame longer than any may be.
      ['broken frames', Buffer.from(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\u007f'.repeat(64)}`)],
      ['nothing', Buffer.alloc(0)],
    ])('a peer that speaks %s disturbs nobody', async (_name, bytes) => {
      const bugs: unknown[] = [];
      const { address } = await start(() => DENY, { onBug: (error) => bugs.push(error) });
      const peer = createConnection(Number(address.split(':')[1]), '127.0.0.1').on('error', () => {});
      peer.end(bytes);
      peer.resume();
      await once(peer, 'close');
      expect((await check(address)).status?.code).toBe(16);
      expect(bugs).toEqual([]);
    });

    test('a small message that unpacks to a large one is refused too', async () => {
      const { address } = await start(() => DENY);
      const path = '/envoy.service.auth.v3.Authorization/Check';
      const gzip = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
      const call = callRaw(address, path, Buffer.alloc(64 * 1024 * 1024), gzip);
      await expect(call).rejects.toMatchObject({ code: REFUSED_PACKED[transport] });
    });

    test('a thousand checks at once on one connection are all answered', async () => {
      const { address } = await start(async () => Promise.resolve(DENY));
      const client = new AuthorizationClient(address, credentials.createInsecure());
      clients.push(client);
      const calls = Array.from({ length: 1000 }, () =>
        settle<CheckResponse>((done) => client.check(CHECK, done)),
      );
      const codes = (await Promise.all(calls)).map(({ status }) => status?.code);
      // Client and server share a thread here: where that is too slow, the last ones are refused, which is an answer as well.
      expect(codes).toContain(16);
      for (const code of codes) expect([16, 14]).toContain(code);
    });

    test('a listener that cannot keep up refuses checks unasked, and answers again once it can', async () => {
      // Each check keeps the loop longer than a turn may last.
      const burnMs = TICK_MS + 2 * LATE_MS;
      let asked = 0;
      const { address } = await start(() => {
        asked += 1;
        const untilMs = performance.now() + burnMs;
        while (performance.now() < untilMs);
        return DENY;
      });
      const client = new AuthorizationClient(address, credentials.createInsecure());
      clients.push(client);
      const next = async () =>
        (await settle<CheckResponse>((done) => client.check(CHECK, done))).status?.code;
      let sent = 1;
      for (; (await next()) !== 14; sent += 1) expect(sent).toBeLessThan(100);
      expect(asked).toBe(sent - 1);
      for (; (await next()) !== 16; sent += 1) expect(sent).toBeLessThan(1_000);
    });

    test('a connection beyond the bound is closed at once, and there is room again when one has gone', async () => {
      const refused: string[] = [];
      const { address } = await start(() => DENY, {
        limits: { ...ANY_PORT.limits, connectionsMax: 2 },
        onRefused: (reason) => refused.push(reason),
      });
      const connect = () => http2Connect(`http://${address}`).on('error', () => {});
      const held = [connect(), connect()];
      await Promise.all(held.map((session) => once(session, 'remoteSettings')));
      await once(connect(), 'close');
      expect(refused).toEqual(['no_room']);
      held.pop()?.close();
      for (;;) {
        const session = connect();
        const outcome = await Promise.race([
          once(session, 'remoteSettings').then(() => 'in'),
          once(session, 'close').then(() => 'closed'),
        ]);
        session.destroy();
        if (outcome === 'in') break;
      }
      for (const session of held) session.destroy();
    });

    test('a call with more headers than any gateway sends is refused alone', async () => {
      const asked: unknown[] = [];
      const { address } = await start((request) => {
        asked.push(request);
        return DENY;
      });
      const session = http2Connect(`http://${address}`).on('error', () => {});
      const path = '/envoy.service.auth.v3.Authorization/Check';
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
      const sizes = [{ 'x-long': 'x'.repeat(70_000) }, Object.fromEntries(manyNames(200))];
      for (const more of sizes) {
        const stream = session.request({ ...headers, ...more }).on('error', () => {});
        stream.end(Buffer.concat([Buffer.alloc(5), readBytes('bearer-key')]));
        await new Promise((resolve) => stream.once('close', resolve));
      }
      session.destroy();
      expect(asked).toEqual([]);
      expect((await check(address)).status?.code).toBe(16);
    });

    test('a bug reaches onBug, and of its text nothing the gateway', async () => {
      const bugs: unknown[] = [];
      const bug = new Error('secret');
      const { address } = await start(() => Promise.reject(bug), { onBug: (error) => bugs.push(error) });
      const error = await check(address).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 13, details: 'internal error' });
      expect(bugs).toEqual([bug]);
    });

    test.each(['/grpc.health.v1.Health/Watch', '/envoy.service.auth.v2.Authorization/Check'])(
      '%s is UNIMPLEMENTED',
      async (path) => {
        const { address } = await start(() => DENY);
        await expect(callRaw(address, path, Buffer.alloc(0))).rejects.toMatchObject({ code: 12 });
      },
    );

    test('health is NOT_SERVING until it is announced, and again once stopping is', async () => {
      const { server, address } = await start(() => DENY);
      expect(await health(address, '')).toBe(2);
      server.announceServing();
      expect(await health(address, 'envoy.service.auth.v3.Authorization')).toBe(1);
      server.announceStopping();
      expect(await health(address, '')).toBe(2);
      expect((await check(address)).status?.code).toBe(16);
    });
  });

  describe('stopping', () => {
    test('is seen in health before anything is closed: checks are answered for as long as was asked', async () => {
      const { server, address } = await start(() => DENY, { stopDelayMs: 60_000 });
      server.announceServing();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const stopped = server.stop(STOP_MS);
        await vi.advanceTimersByTimeAsync(59_999);
        expect(await health(address, '')).toBe(2);
        expect((await check(address)).status?.code).toBe(16);
        await vi.advanceTimersByTimeAsync(1 + STOP_MS);
        await stopped;
        await expect(check(address)).rejects.toMatchObject({ code: 14 });
      } finally {
        vi.useRealTimers();
      }
    });

    test('lets an open check end', async () => {
      const asked = Promise.withResolvers<void>();
      const reply = Promise.withResolvers<typeof DENY>();
      const { server, address } = await start(() => {
        asked.resolve();
        return reply.promise;
      });
      const open = check(address);
      await asked.promise;
      const stopped = server.stop(10_000);
      reply.resolve(DENY);
      expect((await open).status?.code).toBe(16);
      await stopped;
    });

    test.each(['127.0.0.1:0', 'localhost:0', 'unix:'])('on %s cuts a check that never ends', async (at) => {
      const asked = Promise.withResolvers<void>();
      const never: Answer = () => {
        asked.resolve();
        return new Promise<never>(() => {});
      };
      const listen = at === 'unix:' ? `unix:${join(folder, 'check.sock')}` : at;
      const { server, address } = await start(never, { listen });
      const open = check(address).catch((error: unknown) => error);
      await asked.promise;
      await server.stop(1);
      // CANCELLED by us: DEADLINE_EXCEEDED would mean that the client had to give up by itself.
      expect(await open).toMatchObject({ code: 1 });
    });

    test('may be asked twice', async () => {
      const { server } = await start(() => DENY);
      await Promise.all([server.stop(STOP_MS), server.stop(STOP_MS)]);
      await expect(server.stop(STOP_MS)).resolves.toBeUndefined();
    });
  });

  describe('where it listens', () => {
    test('port 0 is told as the port that was bound', async () => {
      const { address } = await start(() => DENY);
      expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    });

    test.each([
      '127.0.0.1',
      '',
      'localhost:',
      '::1:9000',
      'http://127.0.0.1:0',
      '127.0.0.1:abc',
      '127.0.0.1:99999',
    ])('%j is refused in one sentence', async (listen) => {
      await expect(start(() => DENY, { listen })).rejects.toThrow(/^cannot listen on/);
    });

    test('a port in use is refused in one sentence', async () => {
      const { address } = await start(() => DENY);
      await expect(start(() => DENY, { listen: address })).rejects.toThrow(
        `cannot listen on ${address}: EADDRINUSE`,
      );
    });

    test('a unix socket answers, is closed to others, and is gone after stop', async () => {
      const path = join(folder, 'check.sock');
      const { server, address } = await start(() => DENY, { listen: `unix:${path}` });
      expect((await check(address)).status?.code).toBe(16);
      expect((await lstat(path)).mode & 0o777).toBe(0o660);
      // Nothing of the way there is left.
      expect(await readdir(folder)).toEqual(['check.sock']);
      await server.stop(STOP_MS);
      await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('a unix socket has the rights that were asked for before anybody can reach it', async () => {
      const path = join(folder, 'check.sock');
      const seen = new Set<number>();
      const watcher = watch(folder, () => {
        const mode = statSync(path, { throwIfNoEntry: false })?.mode;
        if (mode !== undefined) seen.add(mode & 0o777);
      });
      await start(() => DENY, { listen: `unix:${path}`, socketMode: 0o600 });
      seen.add((await lstat(path)).mode & 0o777);
      watcher.close();
      expect([...seen]).toEqual([0o600]);
    });

    test('a socket that another server put in its place meanwhile is left alone', async () => {
      const path = join(folder, 'check.sock');
      const { server } = await start(() => DENY, { listen: `unix:${path}` });
      await unlink(path);
      const other = createServer().listen(path);
      await once(other, 'listening');
      await server.stop(STOP_MS);
      expect((await lstat(path)).isSocket()).toBe(true);
      other.close();
    });

    test('a socket that a killed process left behind is replaced', async () => {
      const path = join(folder, 'check.sock');
      const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
      await promisify(execFile)(process.execPath, ['-e', script]).catch(() => {});
      expect((await lstat(path)).isSocket()).toBe(true);
      const { address } = await start(() => DENY, { listen: `unix:${path}` });
      expect((await check(address)).status?.code).toBe(16);
    });

    test('a socket on which somebody listens is left alone', async () => {
      const path = join(folder, 'check.sock');
      const other = createServer((socket) => socket.end()).listen(path);
      await once(other, 'listening');
      await expect(start(() => DENY, { listen: `unix:${path}` })).rejects.toThrow(/cannot listen/);
      expect((await lstat(path)).isSocket()).toBe(true);
      other.close();
    });

    test('anything but a socket is left alone', async () => {
      const path = join(folder, 'precious');
      await writeFile(path, 'data');
      await expect(start(() => DENY, { listen: `unix:${path}` })).rejects.toThrow(/no socket/);
      expect((await lstat(path)).size).toBe(4);
    });
  });
});
