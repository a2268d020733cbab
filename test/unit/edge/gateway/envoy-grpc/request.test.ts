import { CheckRequest } from '@envoyproxy/ext-authz-types';
import type { Address } from '@envoyproxy/ext-authz-types';
import { describe, expect, test } from 'vitest';
import { fromCheckRequest } from '../../../../../src/edge/gateway/envoy-grpc/request.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { FIXTURES, readRecorded, readRequest } from './fixtures.ts';

const KEY = 'truedy_0123456789abcdefghijABCDEFGHIJ2Zq8kL';

describe('every message recorded from a real Envoy', () => {
  test('there are as many as were recorded', () => {
    expect(FIXTURES.length).toBeGreaterThanOrEqual(65);
  });

  test.each(FIXTURES)('%s is read as it was recorded', (name) => {
    const request = readRequest(name);
    const { source, request: asked, contextExtensions } = readRecorded(name).attributes;
    expect(request).toMatchObject({
      gateway: 'envoy-grpc',
      gatewayRequestId: asked.http.id,
      gatewayTime: `${asked.time.seconds}.${String(asked.time.nanos ?? 0).padStart(9, '0')}`,
      method: asked.http.method,
      target: asked.http.path ?? '',
      host: asked.http.host ?? '',
      namedApi: contextExtensions?.['api'] ?? '',
      peerAddress: source?.address?.socketAddress?.address,
    });
    const lines =
      asked.http.headerMap?.headers.map(({ key, rawValue = '' }) => [key, rawValue] as const) ??
      Object.entries(asked.http.headers ?? {});
    const fields = lines.filter(([key]) => !key.startsWith(':'));
    expect(new Set(request.headers.names())).toEqual(new Set(fields.map(([key]) => key)));
    for (const [key] of fields) {
      expect(request.headers.all(key)).toEqual(fields.filter(([k]) => k === key).map(([, value]) => value));
    }
  });
});

describe('a credential as it arrives', () => {
  test.each([
    ['bearer-key', 'authorization', [`Bearer ${KEY}`]],
    ['no-credential', 'authorization', []],
    ['no-credential.joined', 'authorization', []],
    ['empty-authorization', 'authorization', ['']],
    ['bearer-lower-case-scheme', 'authorization', [`bearer  ${KEY}`]],
    ['x-api-key-odd-case', 'x-api-key', ['ak_0123456789abcdefghijABCDEFGHIJ3Xr9mN']],
    ['api-key', 'api-key', ['fr_0123456789abcdefghijABCDEFGHIJ4Ws0nO']],
    // Envoy itself joins lines of its built-in headers.
    [
      'two-authorization-lines',
      'authorization',
      [`Bearer ${KEY},Bearer truedy_9876543210jihgfedcbaJIHGFEDCBA1Yp7jK`],
    ],
    ['two-x-api-key-lines', 'x-api-key', ['ak_0123456789abcdefghijABCDEFGHIJ3Xr9mN', 'ak_second']],
    ['two-x-api-key-lines.joined', 'x-api-key', ['ak_0123456789abcdefghijABCDEFGHIJ3Xr9mN,ak_second']],
    ['comma-in-x-api-key', 'x-api-key', ['ak_0123456789abcdefghijABCDEFGHIJ3Xr9mN,ak_second']],
    ['underscore-header.soft', 'x-api-key', []],
    ['underscore-header.soft', 'x_api_key', ['ak_0123456789abcdefghijABCDEFGHIJ3Xr9mN']],
  ])('%s: %s', (name, header, values) => {
    expect(readRequest(name).headers.all(header)).toEqual(values);
  });

  test('a header of 8 kB is read to its end', () => {
    expect(readRequest('long-header').headers.all('authorization')[0]?.length).toBeGreaterThan(8000);
  });
});

describe('what is odd in a request', () => {
  test('CONNECT without a path has the target ""', () => {
    expect(readRequest('connect')).toMatchObject({
      method: 'CONNECT',
      target: '',
      host: 'api.truedy.ai',
    });
  });

  test('an empty host is ""', () => {
    expect(readRequest('host-empty.soft').host).toBe('');
  });

  test('two hosts stay visible as a comma', () => {
    expect(readRequest('host-comma.soft').host).toContain(',');
    expect(readRequest('host-comma.soft-joined').host).toContain(',');
  });

  test('bytes that are not ASCII stay one character each', () => {
    const { headers } = readRequest('non-utf8-header');
    expect(headers.all('x-note')).toEqual(['caf\xe9 \xff\xfe']);
    expect(headers.all('x-name')).toEqual(['Zo\xc3\xab']);
  });

  test('joined, such bytes arrive as Envoy changed them', () => {
    const { headers } = readRequest('non-utf8-header.joined');
    expect(headers.all('x-note')).toEqual(['caf! !!']);
    expect(headers.all('x-name')).toEqual(['Zoë']);
  });

  test('no context extension names no API', () => {
    expect(readRequest('context-extensions-none').namedApi).toBe('');
  });

  test('forged identity shows under every spelling', () => {
    const { headers } = readRequest('forged-identity-headers');
    expect(headers.all('x-consumer-id')).toEqual(['forged-1', 'forged-2']);
    expect([...headers.names()]).toEqual(expect.arrayContaining(['x-consumer-id', 'x.consumer.id']));
  });

  test('the peer is who the PROXY protocol says, not what a header says', () => {
    expect(readRequest('proxy-protocol-ipv6').peerAddress).toBe('2001:db8::7');
    expect(readRequest('proxy-protocol-xff').peerAddress).toBe('203.0.113.9');
  });
});

function made(change: (check: CheckRequest) => void): AuthzRequest {
  const check = CheckRequest.decode(
    CheckRequest.encode({
      attributes: {
        source: undefined,
        destination: undefined,
        request: {
          time: undefined,
          http: {
            id: '',
            method: '',
            headers: new Map(),
            path: '',
            host: '',
            scheme: '',
            query: '',
            fragment: '',
            size: 0n,
            protocol: '',
            headerMap: undefined,
          },
        },
        contextExtensions: new Map(),
      },
    }).finish(),
  );
  change(check);
  return fromCheckRequest(CheckRequest.encode(check).finish());
}

function withHeaders(lines: readonly [string, string][], joined: readonly [string, string][]): AuthzRequest {
  return made((check) => {
    const http = check.attributes?.request?.http;
    if (http === undefined) throw new Error('no http');
    http.headers = new Map(joined);
    http.headerMap = {
      headers: lines.map(([key, value]) => ({ key, value: '', rawValue: Buffer.from(value, 'latin1') })),
    };
  });
}

describe('a message that no Envoy sends', () => {
  test('an empty one is a request without anything', () => {
    const request = fromCheckRequest(Buffer.alloc(0));
    const { headers, ...fields } = request;
    expect(fields).toEqual({
      gateway: 'envoy-grpc',
      gatewayRequestId: '',
      gatewayTime: '',
      method: '',
      target: '',
      host: '',
      namedApi: '',
      peerAddress: '',
      timeoutMs: Infinity,
    });
    expect([...headers.names()]).toEqual([]);
    expect(headers.all('authorization')).toEqual([]);
  });

  test.each(['__proto__', 'constructor', 'tostring', 'hasownproperty'])(
    'a header named %s is a header like any other, sent or not',
    (name) => {
      expect(withHeaders([], []).headers.all(name)).toEqual([]);
      expect(withHeaders([[name, 'raw']], []).headers.all(name)).toEqual(['raw']);
      const { headers } = withHeaders([], [[name, 'joined']]);
      expect(headers.all(name)).toEqual(['joined']);
      expect([...headers.names()]).toEqual([name]);
    },
  );

  test('a context extension named __proto__ names no API', () => {
    const request = made((check) => check.attributes?.contextExtensions.set('__proto__', 'x'));
    expect(request.namedApi).toBe('');
    expect('x' in Object.prototype).toBe(false);
  });

  test('where lines and map both come, lines win by name and no header is lost', () => {
    const { headers } = withHeaders(
      [['x-api-key', 'line']],
      [
        ['x-api-key', 'map'],
        ['authorization', 'Bearer b'],
      ],
    );
    expect(headers.all('x-api-key')).toEqual(['line']);
    expect(headers.all('authorization')).toEqual(['Bearer b']);
    expect([...headers.names()].sort()).toEqual(['authorization', 'x-api-key']);
  });

  test('names of any case are found, pseudo headers never', () => {
    const { headers } = withHeaders(
      [
        [':path', '/'],
        ['X-Api-Key', 'a'],
      ],
      [
        ['X-Tier', 'b'],
        [':method', 'GET'],
      ],
    );
    expect(headers.all('x-api-key')).toEqual(['a']);
    expect(headers.all('x-tier')).toEqual(['b']);
    expect([...headers.names()].sort()).toEqual(['x-api-key', 'x-tier']);
    expect(headers.all(':path')).toEqual([]);
    expect(headers.all(':method')).toEqual([]);
  });

  test.each<[string, Address['address']]>([
    ['pipe', { $case: 'pipe', value: { path: '/run/envoy.sock', mode: 0 } }],
    ['internal', { $case: 'envoyInternalAddress', value: { serverListenerName: 'x', endpointId: '' } }],
  ])('a peer without an IP address (%s) is ""', (_name, address) => {
    const request = made((check) => {
      if (check.attributes === undefined) throw new Error('no attributes');
      check.attributes.source = { address: { address }, service: 'x', labels: new Map(), principal: '' };
    });
    expect(request.peerAddress).toBe('');
  });
});
