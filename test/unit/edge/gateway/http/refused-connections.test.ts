import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Measurements } from '../../../../../src/domain/measurements.ts';
import { HEADER_BYTES_MAX } from '../../../../../src/edge/gateway/http/limits.ts';
import { createHttpEntrance } from '../../../../../src/edge/gateway/http/server.ts';
import type { HttpEntrance, HttpEntranceOptions } from '../../../../../src/edge/gateway/http/server.ts';
import { FORWARD_AUTH } from '../../../../../src/edge/gateway/forward-auth/server.ts';
import type { ListenerTls } from '../../../../../src/lib/listener/tls.ts';
import { createAuthority } from '../../../../e2e/certificates.ts';
import type { Identity } from '../../../../e2e/certificates.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { partTitle, requirePart } from '../../../../parts.ts';
import { openRaw, sendRaw } from './raw.ts';

/** So few and so short that a test can reach them. */
vi.mock('../../../../../src/edge/gateway/http/limits.ts', async (loadReal) => ({
  ...(await loadReal<object>()),
  CONNECTIONS_MAX: 2,
  HEADERS_MS: 500,
  REQUEST_MS: 500,
  OVERDUE_CHECK_MS: 10,
}));

const GET = 'GET / HTTP/1.1\r\nHost: t\r\n';
const entrances: HttpEntrance[] = [];
const logged: string[] = [];

afterEach(async () => {
  for (const entrance of entrances.splice(0)) await entrance.stop(0);
  logged.length = 0;
});

async function open(
  options: Partial<HttpEntranceOptions> = {},
): Promise<HttpEntrance & { readonly address: string }> {
  const entrance = createHttpEntrance(FORWARD_AUTH, {
    listen: '127.0.0.1:0',
    socketMode: 0o660,
    answer: () => allowReply(),
    refuse: () => denyReply({ code: 'unavailable', status: 503 }),
    onBug: (error) => expect.fail(String(error)),
    onRefused: (reason) => logged.push(reason),
    onStranger: () => undefined,
    checksMax: 10,
    ...options,
  });
  entrances.push(entrance);
  return { ...entrance, ...(await entrance.start()) };
}

/** Reason and count of each. */
function told({ increments }: Measurements): readonly string[] {
  return increments.map(({ metric, labels, by }) => {
    return 'reason' in labels ? `${metric} ${labels.reason} ${by}` : metric;
  });
}

describe('a connection that is closed is counted once, by its reason:', () => {
  test.each([
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 Bad Request', 'protocol'],
    ['a header that is none', `${GET}a b: c\r\n\r\n`, '400 Bad Request', 'protocol'],
    [
      'more bytes of headers than may come',
      `${GET}X-Big: ${'x'.repeat(HEADER_BYTES_MAX)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
      'protocol',
    ],
    ['headers that do not end', GET, '408 Request Timeout', 'stalled'],
    ['no word', '', '408 Request Timeout', 'stalled'],
  ])('%s', async (_, bytes, statusLine, reason) => {
    const entrance = await open();
    const answer = await sendRaw(entrance.address, bytes);
    expect(answer).toBe(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    expect(told(entrance.measure())).toEqual([`tollgate_http_refusals_total ${reason} 1`]);
    expect(told(entrance.measure())).toEqual([]);
  });

  test('what cannot be read and comes in many pieces', async () => {
    const entrance = await open();
    await sendRaw(entrance.address, 'x'.repeat(4_000_000));
    expect(told(entrance.measure())).toEqual(['tollgate_http_refusals_total protocol 1']);
  });

  test('one more than may be open', async () => {
    const entrance = await open();
    const resting = [openRaw(entrance.address), openRaw(entrance.address)];
    for (const raw of resting) {
      raw.socket.write(`${GET}\r\n`);
      await raw.until((received) => received !== '');
    }
    expect(await sendRaw(entrance.address, `${GET}\r\n`)).toBe('');
    expect(told(entrance.measure())).toEqual(['tollgate_http_refusals_total no_room 1']);
    expect(logged).toEqual(['no_room']);
  });

  test('what follows a question that waits for its answer and is none itself; the gateway is told no allow', async () => {
    const never = Promise.withResolvers<never>();
    const entrance = await open({ answer: () => never.promise });
    const forwarded = ['method: GET', 'uri: /', 'host: t', 'for: 127.0.0.1'].map(
      (line) => `X-Forwarded-${line}`,
    );
    const question = ['GET / HTTP/1.1', 'Host: t', ...forwarded, '\r\n'].join('\r\n');
    expect(await sendRaw(entrance.address, `${question}nonsense\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(told(entrance.measure())).toEqual(['tollgate_http_refusals_total protocol 1']);
  });
});

test('a peer that breaks off or goes away is nobody’s refusal', async () => {
  const entrance = await open();
  const half = openRaw(entrance.address);
  half.socket.end(GET);
  await half.end();
  const gone = openRaw(entrance.address);
  await new Promise((resolve) => gone.socket.write(GET, resolve));
  gone.socket.resetAndDestroy();
  // Answered behind both.
  expect(await sendRaw(entrance.address, `${GET}Connection: close\r\n\r\n`)).not.toBe('');
  expect(told(entrance.measure())).toEqual([]);
});

const part = await requirePart('openssl');

describe.skipIf('missing' in part)(partTitle('over mutual TLS a connection is counted', part), () => {
  let folder: string;
  let tls: ListenerTls;
  let ca: string;
  let other: Identity;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-refused-'));
    const authority = await createAuthority(folder, 'authority');
    ca = await readFile(authority.certificate, 'utf8');
    const server = await authority.issue({ name: 'server', altNames: 'DNS:server.internal' });
    other = await authority.issue({ name: 'other', altNames: 'DNS:other.internal' });
    tls = {
      certificate: await readFile(server.certificate, 'utf8'),
      key: await readFile(server.key, 'utf8'),
      clients: { authority: ca, altNames: ['dns:gateway.internal'] },
    };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function end(address: string, identity: ConnectionOptions): Promise<void> {
    const port = Number(address.split(':').at(-1));
    const socket = connect({ host: '127.0.0.1', port, servername: 'server.internal', ca, ...identity });
    await new Promise((resolve) =>
      socket
        .on('error', () => undefined)
        .once('close', resolve)
        .resume(),
    );
  }

  test('where nobody shows a certificate, and where it names another', async () => {
    const entrance = await open({ tls });
    await end(entrance.address, {});
    await end(entrance.address, {
      cert: await readFile(other.certificate),
      key: await readFile(other.key),
    });
    expect(await sendRaw(entrance.address, `${GET}\r\n`)).not.toMatch(/^HTTP/);
    expect(told(entrance.measure())).toEqual([
      'tollgate_http_refusals_total tls_failed 2',
      'tollgate_http_refusals_total client_not_named 1',
    ]);
    expect(logged).toEqual(['tls_failed', 'client_not_named', 'tls_failed']);
  });
});
