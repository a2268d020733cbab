import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTelemetryServer } from '../../../src/telemetry/server.ts';
import type { TelemetryServer } from '../../../src/telemetry/server.ts';

describe('the telemetry listener', () => {
  let ready: boolean;
  let render: () => Promise<string>;
  let bugs: unknown[];
  let server: TelemetryServer;
  let address: string;

  beforeEach(async () => {
    ready = true;
    render = () => Promise.resolve('metric 1\n');
    bugs = [];
    server = createServer('127.0.0.1:0');
    address = await server.start();
  });

  afterEach(() => server.stop());

  function createServer(listen: string): TelemetryServer {
    return createTelemetryServer({
      listen,
      metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: () => render() },
      look: () => ({ ready, text: ready ? 'ready\n' : 'not ready\n' }),
      onBug: (error) => void bugs.push(error),
    });
  }

  const ask = (path: string, method = 'GET') => fetch(`http://${address}${path}`, { method });

  test('binds a free port and says which', () => {
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  });

  test('answers with the metrics in their own content type', async () => {
    const response = await ask('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe('metric 1\n');
  });

  test('says 200 while ready and 503 while not; it lives in both cases', async () => {
    expect(await ask('/readyz')).toMatchObject({ status: 200 });
    ready = false;
    const response = await ask('/readyz?verbose');
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('not ready\n');
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
  });

  test.each(['/metrics', '/readyz', '/healthz'])('HEAD %s has the length and no body', async (path) => {
    const response = await ask(path, 'HEAD');
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await response.text()).toBe('');
  });

  test.each(['/', '/metrics/', '/Metrics', '//metrics', '/me', '/admin', '/%6detrics', '/__proto__'])(
    'anything else is not found: %s',
    async (path) => expect(await ask(path)).toMatchObject({ status: 404 }),
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is refused', async (method) => {
    const response = await ask('/metrics', method);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  test('TRACE is refused and echoes nothing', async () => {
    const answer = await exchange(
      'TRACE /metrics HTTP/1.1\r\nHost: x\r\nCookie: secret\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).not.toContain('secret');
  });

  test('names neither itself nor its version, and is not to be kept', async () => {
    const { headers } = await ask('/healthz');
    expect([...headers.keys()].toSorted()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'x-content-type-options',
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('a bug ends the one request, tells its caller nothing and is told once', async () => {
    const bug = new Error('hunter2');
    render = () => Promise.reject(bug);
    const answer = await exchange('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer).not.toContain('hunter2');
    expect(bugs).toEqual([bug]);
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
  });

  test('renders once for all who ask while it does, however many requests lie in one packet', async () => {
    let rendered = 0;
    render = () => {
      rendered += 1;
      return Promise.resolve('metric 1\n');
    };
    const request = (end: string) => `GET /metrics HTTP/1.1\r\nHost: x\r\n${end}\r\n`;
    const answer = await exchange(request('').repeat(200) + request('Connection: close\r\n'));
    expect(answer.match(/^metric 1$/gm)).toHaveLength(201);
    expect(rendered).toBeLessThan(10);
    await ask('/metrics');
    const before = rendered;
    await ask('/metrics');
    expect(rendered).toBe(before + 1);
  });

  test('a request with headers beyond 8 KiB is refused', async () => {
    const answer = await exchange(`GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a port in use is refused in one sentence', async () => {
    await expect(createServer(address).start()).rejects.toThrow(
      `telemetry.listen: cannot listen on ${address}: EADDRINUSE`,
    );
  });

  test('a stop ends open connections, and may be asked for again', async () => {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await server.stop();
    await closed;
    await server.stop();
    await expect(ask('/healthz')).rejects.toThrow(TypeError);
  });

  async function exchange(text: string): Promise<string> {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
});
