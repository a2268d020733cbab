import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../src/domain/audit.ts';
import { OperationRefused } from '../../../../src/domain/operations.ts';
import type { NewKey, OperationFault, Operations } from '../../../../src/domain/operations.ts';
import { NobodyListens, createControlClient, findControlClient } from '../../../../src/hub/control/client.ts';
import { REQUEST_BYTES_MAX } from '../../../../src/hub/control/protocol.ts';
import { SOCKET_PATH_BYTES_MAX } from '../../../../src/hub/control/socket-file.ts';
import { createControlServer } from '../../../../src/hub/control/server.ts';
import type { ControlServer } from '../../../../src/hub/control/server.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import {
  ACCOUNT,
  AUDIT_ENTRY,
  CREATED,
  KEY,
  OPERATOR,
  OPERATOR_TOKEN,
  createFakeOperations,
} from './fake-operations.ts';

let folder = '';
let path = '';
let open: ControlServer[] = [];
const bugs: unknown[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tgc-'));
  path = join(folder, 'tollgate.db.sock');
  bugs.length = 0;
});

afterEach(async () => {
  await Promise.all(open.map((server) => server.stop()));
  open = [];
  rmSync(folder, { recursive: true, force: true });
});

async function startServer(operations: Operations, requestMs?: number): Promise<ControlServer> {
  const server = createControlServer({
    path,
    operations: () => operations,
    onBug: (error) => bugs.push(error),
    ...(requestMs === undefined ? {} : { requestMs }),
  });
  open.push(server);
  await server.start();
  return server;
}

interface Raw {
  readonly status: number;
  readonly body: string;
}

function ask(options: { method?: string; url: string; body?: string | Buffer }): Promise<Raw> {
  const { promise, resolve, reject } = Promise.withResolvers<Raw>();
  const body = options.body ?? '';
  const sent = request(
    {
      socketPath: path,
      method: options.method ?? 'POST',
      path: options.url,
      agent: false,
      headers: { 'content-length': Buffer.byteLength(body) },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** What a raw connection received until the server closed it. */
function talk(bytes: string | Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection({ path });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(received));
  socket.write(bytes);
  return promise;
}

describe('operations over the socket', () => {
  it('carries every operation with its arguments there and its answer back', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    const client = createControlClient(path);
    const ref = { api: 'trackyard', id: 'acme' };
    const input: NewKey = { api: 'trackyard', account: 'acme', name: 'ünï \u0000 ✓', limits: ['10/minute'] };
    expect(await client.createAccount({ ...ref, billing: 'trialing', credits: 5 })).toEqual(ACCOUNT);
    expect(await client.showAccount(ref)).toEqual(ACCOUNT);
    expect(await client.setAccount(ref, { standing: 'suspended', trialEnds: null })).toEqual(ACCOUNT);
    expect(await client.grantCredits(ref, { credits: 7, ref: 'invoice-17' })).toEqual(ACCOUNT);
    expect(await client.createKey(input)).toEqual(CREATED);
    expect(await client.showKey(ref)).toEqual(KEY);
    expect(await client.listKeys({ api: 'trackyard', limit: 500 })).toEqual({ items: [KEY], next: null });
    expect(await client.setKey(ref, { tier: null, allowIps: null })).toEqual(KEY);
    expect(await client.rotateKey(ref, 86_400_000)).toEqual(CREATED);
    expect(await client.revokeKey(ref)).toMatchObject({ status: 'revoked', unconfirmed: [] });
    expect(await client.importKeys([{ ...input, key: 'legacy-key-0123456789' }])).toEqual([KEY]);
    expect(await client.createOperator({ name: 'ops', role: 'write' })).toMatchObject({
      token: OPERATOR_TOKEN,
    });
    expect(await client.listOperators()).toEqual([OPERATOR]);
    expect(await client.revokeOperator('ops')).toMatchObject({ name: 'ops' });
    expect(await client.listAudit({ object: 'acme', limit: 5 })).toEqual({
      items: [AUDIT_ENTRY],
      next: null,
    });
    expect(calls).toEqual([
      { name: 'createAccount', args: [{ ...ref, billing: 'trialing', credits: 5 }] },
      { name: 'showAccount', args: [ref] },
      { name: 'setAccount', args: [ref, { standing: 'suspended', trialEnds: null }] },
      { name: 'grantCredits', args: [ref, { credits: 7, ref: 'invoice-17' }] },
      { name: 'createKey', args: [input] },
      { name: 'showKey', args: [ref] },
      { name: 'listKeys', args: [{ api: 'trackyard', limit: 500 }] },
      { name: 'setKey', args: [ref, { tier: null, allowIps: null }] },
      { name: 'rotateKey', args: [ref, 86_400_000] },
      { name: 'revokeKey', args: [ref] },
      { name: 'importKeys', args: [[{ ...input, key: 'legacy-key-0123456789' }]] },
      { name: 'createOperator', args: [{ name: 'ops', role: 'write' }] },
      { name: 'listOperators', args: [] },
      { name: 'revokeOperator', args: ['ops'] },
      { name: 'listAudit', args: [{ object: 'acme', limit: 5 }] },
    ]);
    expect(bugs).toEqual([]);
  });

  it('does each operation on behalf of the user who asks, and of nobody where the name is none', async () => {
    const actors: Actor[] = [];
    const server = createControlServer({
      path,
      operations: (actor) => {
        actors.push(actor);
        return createFakeOperations().operations;
      },
      onBug: (error) => bugs.push(error),
    });
    open.push(server);
    await server.start();
    for (const user of ['alice', 'CORP\\bob', 'root\nadmin', 'zoë', '', 'a'.repeat(65)]) {
      await createControlClient(path, { user }).showKey({ api: 'a', id: 'k' });
    }
    await createControlClient(path).showKey({ api: 'a', id: 'k' });
    const unknown = { name: 'cli:unknown', source: 'control', requestId: '' };
    expect(actors).toEqual([
      { ...unknown, name: 'cli:alice' },
      { ...unknown, name: 'cli:CORP\\bob' },
      ...Array.from({ length: 5 }, () => unknown),
    ]);
  });

  it.each<OperationFault>(['invalid', 'not_found', 'conflict', 'read_only', 'unavailable'])(
    'throws the refusal %s with the message of the operation',
    async (fault) => {
      const showKey = () => Promise.reject(new OperationRefused(fault, 'say what to change'));
      await startServer(createFakeOperations({ showKey }).operations);
      const asked = createControlClient(path).showKey({ api: 'a', id: 'k' });
      await expect(asked).rejects.toMatchObject({
        name: 'OperationRefused',
        fault,
        message: 'say what to change',
      });
      expect(bugs).toEqual([]);
    },
  );

  it('tells nothing of a bug to the caller and everything to onBug', async () => {
    const bug = new Error('secret detail');
    await startServer(createFakeOperations({ showKey: () => Promise.reject(bug) }).operations);
    const raw = await ask({ url: '/operations/showKey', body: '[{"api":"a","id":"k"}]' });
    expect(raw).toEqual({ status: 500, body: '{}' });
    const asked = createControlClient(path).showKey({ api: 'a', id: 'k' });
    await expect(asked).rejects.toMatchObject({
      fault: 'unavailable',
      message: expect.not.stringContaining('secret'),
    });
    expect(bugs).toEqual([bug, bug]);
  });

  it('answers an outage of a dependency as unavailable, which is no bug', async () => {
    const down = new DependencyDown('credits', 'the store does not answer');
    await startServer(createFakeOperations({ showKey: () => Promise.reject(down) }).operations);
    const asked = createControlClient(path).showKey({ api: 'a', id: 'k' });
    await expect(asked).rejects.toMatchObject({ fault: 'unavailable' });
    expect(bugs).toEqual([]);
  });
});

describe('who may connect', () => {
  it('makes the socket for this user alone and leaves nothing beside it', async () => {
    chmodSync(folder, 0o777);
    await startServer(createFakeOperations().operations);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['tollgate.db.sock']);
  });

  it('finds no client where nobody listens, and says so distinguishably', async () => {
    expect(await findControlClient(path)).toBeUndefined();
    await expect(createControlClient(path).showKey({ api: 'a', id: 'k' })).rejects.toBeInstanceOf(
      NobodyListens,
    );
  });

  it('finds a client where a server listens', async () => {
    await startServer(createFakeOperations().operations);
    const client = await findControlClient(path);
    expect(await client?.showAccount({ api: 'a', id: 'b' })).toEqual(ACCOUNT);
  });

  it('takes the place of a stale socket', async () => {
    await leaveStaleSocket();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(await findControlClient(path)).toBeUndefined();
    await startServer(createFakeOperations().operations);
    expect(await createControlClient(path).showKey({ api: 'a', id: 'k' })).toEqual(KEY);
  });

  it('refuses to start where another server listens, and leaves that one working', async () => {
    await startServer(createFakeOperations().operations);
    await expect(startServer(createFakeOperations().operations)).rejects.toMatchObject({
      fault: 'conflict',
      message: expect.stringContaining('another server listens'),
    });
    expect(await createControlClient(path).showKey({ api: 'a', id: 'k' })).toEqual(KEY);
  });

  it('refuses to replace a file that is no socket', async () => {
    writeFileSync(path, 'precious');
    await expect(startServer(createFakeOperations().operations)).rejects.toMatchObject({ fault: 'conflict' });
    expect(lstatSync(path).size).toBe(8);
  });

  it('refuses a path that the system would cut, at both ends', async () => {
    path = join(folder, 'x'.repeat(SOCKET_PATH_BYTES_MAX));
    const message = expect.stringContaining('shorter path');
    await expect(startServer(createFakeOperations().operations)).rejects.toMatchObject({ message });
    await expect(findControlClient(path)).rejects.toMatchObject({ message });
  });

  it('removes its socket when it stops, but not one that took its place', async () => {
    const first = await startServer(createFakeOperations().operations);
    await first.stop();
    expect(existsSync(path)).toBe(false);
    const second = await startServer(createFakeOperations().operations);
    rmSync(path);
    writeFileSync(path, 'of another');
    await second.stop();
    expect(existsSync(path)).toBe(true);
  });

  it('lets a running operation finish when it stops', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: gate, resolve: letGo } = Promise.withResolvers<void>();
    const showKey = async () => {
      enter();
      await gate;
      return KEY;
    };
    const server = await startServer(createFakeOperations({ showKey }).operations);
    const asked = createControlClient(path).showKey({ api: 'a', id: 'k' });
    await entered;
    const stopped = server.stop();
    letGo();
    expect(await asked).toEqual(KEY);
    await stopped;
  });
});

describe('hostile input', () => {
  it.each([
    ['an unknown operation', { url: '/operations/dropTables', body: '[]' }, 404],
    ['__proto__', { url: '/operations/__proto__', body: '[]' }, 404],
    ['constructor', { url: '/operations/constructor', body: '[]' }, 404],
    ['a query', { url: '/operations/showKey?x=1', body: '[{"api":"a","id":"k"}]' }, 404],
    ['another path', { url: '/showKey', body: '[]' }, 404],
    ['GET', { method: 'GET', url: '/operations/showKey' }, 405],
    ['PUT', { method: 'PUT', url: '/operations/showKey', body: '[]' }, 405],
    ['an empty body', { url: '/operations/showKey' }, 400],
    ['no JSON', { url: '/operations/showKey', body: '[{' }, 400],
    ['no UTF-8', { url: '/operations/showKey', body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) }, 400],
    ['no list', { url: '/operations/showKey', body: '{"api":"a","id":"k"}' }, 400],
    ['too many arguments', { url: '/operations/showKey', body: '[{"api":"a","id":"k"},1]' }, 400],
    ['a missing member', { url: '/operations/showKey', body: '[{"api":"a"}]' }, 400],
    ['a member of another type', { url: '/operations/showKey', body: '[{"api":"a","id":{}}]' }, 400],
    ['an unknown member', { url: '/operations/showKey', body: '[{"api":"a","id":"k","x":1}]' }, 400],
    [
      'a __proto__ member',
      { url: '/operations/showKey', body: '[{"api":"a","id":"k","__proto__":{}}]' },
      400,
    ],
    ['deep nesting', { url: '/operations/showKey', body: '['.repeat(500_000) }, 400],
  ] as const)('refuses %s and does nothing', async (_name, asked, status) => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    expect((await ask(asked)).status).toBe(status);
    expect(calls).toEqual([]);
    expect(bugs).toEqual([]);
  });

  it('refuses more than 50 keys at once', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    const key = { api: 'a', account: 'b', name: 'n', key: 'k' };
    const asked = createControlClient(path).importKeys(Array.from({ length: 51 }, () => key));
    await expect(asked).rejects.toMatchObject({ fault: 'invalid' });
    expect(calls).toEqual([]);
  });

  it('refuses a huge body by its length, without reading it', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    const head = `POST /operations/showKey HTTP/1.1\r\nhost: x\r\ncontent-length: ${REQUEST_BYTES_MAX + 1}\r\n\r\n`;
    expect(await talk(head)).toMatch(/^HTTP\/1\.1 413 /);
    expect(calls).toEqual([]);
  });

  it('refuses a body of no declared length', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    const chunked = '16\r\n[{"api":"a","id":"k"}]\r\n0\r\n\r\n';
    const head = 'POST /operations/showKey HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
    expect(await talk(head + chunked)).toMatch(/^HTTP\/1\.1 411 /);
    expect(calls).toEqual([]);
  });

  it('ends connections that speak no HTTP', async () => {
    await startServer(createFakeOperations().operations);
    expect(await talk(Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10]))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('ends a request whose body does not come, and one that never begins', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations, 80);
    const slow = 'POST /operations/showKey HTTP/1.1\r\nhost: x\r\ncontent-length: 22\r\n\r\n[{"api"';
    expect(await talk(slow)).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(await talk('P')).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(calls).toEqual([]);
    expect(bugs).toEqual([]);
  });

  it('does one operation a connection, however many are sent', async () => {
    const { operations, calls } = createFakeOperations();
    await startServer(operations);
    const body = '[{"api":"a","id":"k"}]';
    const one = `POST /operations/showKey HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await talk(one.repeat(20));
    expect(calls).toHaveLength(1);
  });
});

describe('a client against a broken server', () => {
  it.each([
    ['closes early', ''],
    ['closes in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['answers no JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\noops'],
    ['answers null', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull'],
    [
      'answers an unknown fault',
      'HTTP/1.1 400 X\r\ncontent-length: 36\r\n\r\n{"fault":"__proto__","message":"x"}  ',
    ],
  ])('refuses as unavailable when it %s', async (_name, answer) => {
    const close = await listenRaw(answer);
    const asked = createControlClient(path, { answerMs: 5_000 }).showKey({ api: 'a', id: 'k' });
    await expect(asked).rejects.toMatchObject({ name: 'OperationRefused', fault: 'unavailable' });
    close();
  });

  it('gives up when no answer comes in time, and when it is closed', async () => {
    const close = await listenRaw(undefined);
    const asked = createControlClient(path, { answerMs: 50 }).showKey({ api: 'a', id: 'k' });
    await expect(asked).rejects.toMatchObject({ fault: 'unavailable' });
    const client = createControlClient(path);
    const second = client.showKey({ api: 'a', id: 'k' });
    client.close();
    await expect(second).rejects.toMatchObject({ fault: 'unavailable' });
    close();
  });
});

/** A socket file whose process is gone: closing without unlinking is what `kill -9` does. */
async function leaveStaleSocket(): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
}

async function listenRaw(answer: string | undefined): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (answer === undefined ? undefined : socket.end(answer)));
  });
  server.listen(path, resolve);
  await promise;
  return () => server.close();
}
