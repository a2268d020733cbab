import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromKongMessage } from '../../../../../src/edge/gateway/kong/request.ts';
import { canonicalPath } from '../../../../../src/lib/canonical-path.ts';
import { addressFromForwardedFor } from '../../../../../src/lib/client-address.ts';
import { factsWith, messageWith, posted, readRequest } from './facts.ts';

describe('a message of the plugin', () => {
  test('is read as it was sent', () => {
    expect(readRequest()).toMatchObject({
      gateway: 'kong',
      gatewayRequestId: '7d0d8f0e-6f1d-4b6a-9c0a-1b2c3d4e5f60',
      gatewayTime: '1770206400.123',
      method: 'GET',
      target: '/v1/things?q=%2f',
      host: 'api.example.com',
      namedApi: 'example',
      peerAddress: '192.0.2.9',
      timeoutMs: 500,
    });
  });

  test('need not name an API, and may come with no header at all', () => {
    const request = readRequest({ api: undefined, headers: undefined });
    expect(request.namedApi).toBe('');
    expect([...request.headers.names()]).toEqual(['x-forwarded-for', 'x-request-id']);
  });

  test('leaves at least a millisecond, whatever time it says is left', () => {
    expect(readRequest({ timeout_ms: -5 }).timeoutMs).toBe(1);
  });

  test.each([
    ['no JSON', Buffer.from('{')],
    ['nothing', Buffer.alloc(0)],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['a member less', messageWith({ method: undefined })],
    ['a member of another type', messageWith({ raw_target: 1 })],
    ['a member that nobody knows', messageWith({ allow: true })],
    ['the name of a prototype', Buffer.from(JSON.stringify(factsWith()).replace('{', '{"__proto__":{},'))],
    ['a header without a value', messageWith({ headers: ['host'] })],
    ['a value that is no text', messageWith({ headers: ['host', null] })],
    ['headers that are a record', messageWith({ headers: { host: 'api.example.com' } })],
    ['more headers than are told', messageWith({ headers: Array.from({ length: 514 }, () => 'x-a') })],
    ['a nest of ten thousand lists', Buffer.from(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)],
  ])('is none where it is %s', (_name, message) => {
    expect(fromKongMessage(posted(message))).toBeUndefined();
  });

  test('is none where it was not posted', () => {
    expect(fromKongMessage({ ...posted(messageWith()), method: 'GET' })).toBeUndefined();
  });

  test('of random bytes is none, and no bug', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromKongMessage(posted(Buffer.from(bytes)))).toBeUndefined();
      }),
    );
  });
});

describe('headers', () => {
  test('keep every line of a repeated name, in its order, whatever the spelling', () => {
    const { headers } = readRequest({ headers: ['X-Key', 'one', 'x-key', 'two', 'x-other', '3'] });
    expect(headers.all('x-key')).toEqual(['one', 'two']);
    expect([...headers.names()]).toEqual(['x-key', 'x-other', 'x-forwarded-for', 'x-request-id']);
  });

  test('keep their bytes: what is no UTF-8 stays one character a byte', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0x80, max: 0xff })), (bytes) => {
        const value = String.fromCharCode(...bytes);
        expect(readRequest({ headers: ['x-key', value] }).headers.all('x-key')).toEqual([value]);
      }),
    );
  });

  test.each(['__proto__', 'constructor', 'toString'])('named %s are headers like any other', (name) => {
    const { headers } = readRequest({ headers: [name, 'v'] });
    expect(headers.all(name.toLowerCase())).toEqual(['v']);
    expect(readRequest().headers.all(name.toLowerCase())).toEqual([]);
  });

  test('end in the address of the peer, so that trusted hops count as behind any other gateway', () => {
    const { headers, peerAddress } = readRequest({
      peer: '10.0.0.1',
      client: '203.0.113.7',
      headers: ['x-forwarded-for', '9.9.9.9, 203.0.113.7'],
    });
    expect(addressFromForwardedFor(headers.all('x-forwarded-for'), 0)).toBe('10.0.0.1');
    expect(addressFromForwardedFor(headers.all('x-forwarded-for'), 1)).toBe('203.0.113.7');
    expect(peerAddress).toBe('203.0.113.7');
  });
});

describe('the request’s id', () => {
  const idsIn = (headers: string[]) => readRequest({ headers }).headers.all('x-request-id');

  test('is Kong’s where the request brings none', () => {
    expect(idsIn([])).toEqual(['7d0d8f0e-6f1d-4b6a-9c0a-1b2c3d4e5f60']);
  });

  test('stays the one that came', () => {
    expect(idsIn(['X-Request-Id', 'its own'])).toEqual(['its own']);
  });
});

describe('the host', () => {
  const hostOf = (host: string, ...lines: string[]) =>
    readRequest({ host, headers: lines.flatMap((line) => ['host', line]) }).host;

  test('is the one of the header, by which Kong routes', () => {
    expect(hostOf('api.example.com', 'API.Example.com:8443')).toBe('API.Example.com:8443');
  });

  test.each([
    ['the request line names another', ['cheap.example', 'api.example.com']],
    ['there are two headers', ['api.example.com', 'api.example.com', 'cheap.example']],
  ] as const)('is none where %s', (_name, [host, ...lines]) => {
    expect(hostOf(host, ...lines)).toContain(',');
  });

  test('is none where no header names it, whatever the server is called', () => {
    expect(hostOf('kong')).toBe('');
  });
});

describe('the target', () => {
  const targetOf = (raw: string, path: string) => readRequest({ raw_target: raw, path }).target;

  test('is the path that the upstream gets, and the query that was sent', () => {
    expect(targetOf('/v1/%41?q=%41', '/v1/A')).toBe('/v1/A?q=%41');
  });

  test('is escaped as Kong escapes it on its way', () => {
    expect(targetOf('/v1/a%20b%22%7B', '/v1/a b"{')).toBe('/v1/a%20b%22%7B');
    expect(targetOf('/v1/%c3%a9', '/v1/Ã©')).toBe('/v1/%C3%A9');
  });

  test.each([
    ['//v1/things', '/v1/things'],
    ['/v1/x/../things', '/v1/things'],
    ['/v1/%2e%2e/things', '/things'],
    ['/open/..%2fv1/things', '/open/..%2Fv1/things'],
    ['/v1/things%00', '/v1/things\0'],
    ['/v1\\things', '/v1\\things'],
    ['/v1/..;/things', '/v1/..;/things'],
  ])('is the ambiguous one that was sent where Kong has resolved it: %s', (raw, path) => {
    expect(canonicalPath(targetOf(raw, path))).toBeUndefined();
  });

  test('is judged itself, also where the path that was sent would pass', () => {
    expect(canonicalPath(targetOf('/v1/things', '/v1/../admin'))).toBeUndefined();
    expect(canonicalPath(targetOf('/v1/things', '/admin'))?.path).toBe('/admin');
  });

  test('of any plain path is that path', () => {
    const segment = fc.stringMatching(/^[a-zA-Z0-9_~-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect(targetOf(`${path}?a=1`, path)).toBe(`${path}?a=1`);
      }),
    );
  });
});
