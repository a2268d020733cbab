import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import type { Operations } from '../../src/domain/operations.ts';
import { createClock } from '../../src/lib/clock.ts';
import { VERSION } from '../../src/telemetry/version.ts';
import { DOCUMENTED } from '../cases/app.ts';

/** Catches what hangs; no test waits for it. */
const ANSWER_MS = 5_000;
const PORTS = ['public', 'admin', 'telemetry'] as const;
/** The host of an API that has an endpoint of its own, and a path of each port that is there. */
const HOST = 'api.trackyard.com';
const PATHS = { public: '/api/external/v1/me', admin: '/v1/audit', telemetry: '/metrics' } as const;
const SECRET = 'canary-in-a-header';

describe.each(PORTS)('the port %s', (port) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-ports-'));
  const errors: string[] = [];
  let app: App;
  let token = '';

  beforeAll(async () => {
    app = await startApp({
      config: DOCUMENTED,
      sets: [
        `store.url=sqlite:${join(folder, 'tollgate.db')}`,
        ...['check.grpc', ...PORTS].map((name) => `${name}.listen=127.0.0.1:0`),
      ],
      carrier: 'direct',
      world: {
        clock: createClock(),
        randomBytes,
        newRequestId: () => randomUUID(),
        env: {},
        log: { error: (message) => void errors.push(message), warn() {}, info() {}, debug() {} },
      },
    });
    token = await createToken(app.operations, port);
  });
  afterAll(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  /** All that comes back, head and body, as bytes. */
  async function say(method: string, path: string = PATHS[port]): Promise<string> {
    const socket = connect(Number(app.addresses[port]?.split(':').at(-1)), '127.0.0.1');
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')));
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    const own = token === '' ? '' : `Authorization: Bearer ${token}\r\n`;
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${own}X-Sent: ${SECRET}\r\nConnection: close\r\n\r\n`,
    );
    await once(socket, 'close');
    return answer;
  }

  test('answers whoever may ask, by GET', async () => {
    expect(await say('GET')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'SEARCH', 'BREW', 'DELETE'])(
    'does nothing for %s and echoes nothing of what was sent',
    async (method) => {
      const answer = await say(method);
      expect(answer).not.toMatch(/^HTTP\/1\.1 [123]/);
      expect(answer).not.toContain(SECRET);
      expect(errors).toEqual([]);
    },
  );

  test('names neither a program nor a version, found or not', async () => {
    for (const path of [PATHS[port], '/nowhere', '/%zz']) {
      const [head = ''] = (await say('GET', path)).split('\r\n\r\n');
      expect(head, path).toMatch(/^HTTP\/1\.1 \d{3} /);
      expect(head, path).not.toMatch(/^(?:server|x-powered-by|via):|tollgate|node|express/im);
      expect(head, path).not.toContain(VERSION);
    }
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'has nothing under %s, as a path or as a parameter',
    async (name) => {
      expect(await say('GET', `/${name}`)).toMatch(/^HTTP\/1\.1 40[134] /);
      const asked = await say('GET', `${PATHS[port]}?${name}=polluted&${name}[polluted]=1`);
      expect(asked).toMatch(/^HTTP\/1\.1 (?:200|401|422) /);
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
      expect(errors).toEqual([]);
    },
  );
});

/** What opens a port to whom it is for; '' where everybody may ask. */
async function createToken(operations: Operations, port: (typeof PORTS)[number]): Promise<string> {
  if (port === 'telemetry') return '';
  if (port === 'admin') return (await operations.createOperator({ name: 'o', role: 'write' })).token;
  await operations.createAccount({ api: 'trackyard', id: 'acme' });
  return (await operations.createKey({ api: 'trackyard', account: 'acme', name: 'k' })).key;
}
