import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeaderPair, Reply } from '../../../../../src/domain/reply.ts';
import { toKongAnswer } from '../../../../../src/edge/gateway/kong/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { OUTAGE } from '../../../../../src/edge/gateway/http/refusal.ts';
import { readRequest } from './facts.ts';

function requestWith(...contentTypes: string[]) {
  return readRequest({ headers: contentTypes.flatMap((type) => ['content-type', type]) });
}

const PLAIN = requestWith('application/json');
const CALL = requestWith('application/grpc');

/** The answer as the plugin reads it. */
function sent(reply: Reply, request = PLAIN): Record<string, unknown> {
  const { status, body } = toKongAnswer(reply, request);
  expect(status).toBe(200);
  return JSON.parse(body) as Record<string, unknown>;
}

describe('an allow', () => {
  test('says what the upstream gets, what it must not get, and what its answer gets in addition', () => {
    const reply = allowReply({
      upstreamSet: [
        ['x-account-id', 'acme'],
        ['x-tier', 'pro'],
      ],
      upstreamRemove: ['authorization', 'x_account_id'],
      clientHeaders: [['x-ratelimit-remaining', '9']],
    });
    expect(sent(reply)).toEqual({
      allow: true,
      set: ['x-account-id', 'acme', 'x-tier', 'pro'],
      remove: ['authorization', 'x_account_id'],
      headers: ['x-ratelimit-remaining', '9'],
      facts: {
        code: 'ok',
        api: 'truedy',
        key_id: 'key_0123456789abcdef01234567',
        account: 'acme',
        tier: 'pro',
      },
    });
  });

  test('removes what has no value, in place of an empty header', () => {
    expect(sent(allowReply({ upstreamSet: [['x-tier', '']] }))).toMatchObject({
      set: [],
      remove: ['x-tier'],
    });
  });

  test('names no fact that is not known', () => {
    expect(sent(allowReply({ keyId: '', account: '', tier: '' }))).toMatchObject({
      facts: { code: 'ok', api: 'truedy' },
    });
  });
});

describe('a refusal', () => {
  test('has exactly the status, the headers and the body of the reply', () => {
    const reply = denyReply({ code: 'rate_limited', status: 429, headers: [['retry-after', '7']] });
    expect(sent(reply)).toEqual({
      allow: false,
      status: 429,
      headers: ['content-type', 'application/json', 'cache-control', 'no-store', 'retry-after', '7'],
      body: reply.body,
      facts: {
        code: 'rate_limited',
        api: 'truedy',
        key_id: 'key_0123456789abcdef01234567',
        account: 'acme',
        tier: 'pro',
      },
    });
  });

  test('never allows, whatever its status and the kind of client', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.constantFrom(PLAIN, CALL), (status, request) => {
        expect(sent(denyReply({ code: 'internal_error', status }), request)['allow']).toBe(false);
      }),
    );
  });

  test('joins several challenges into one line, of which Kong would send the last alone', () => {
    const headers: HeaderPair[] = [
      ['www-authenticate', 'Bearer realm="a"'],
      ['retry-after', '1'],
      ['www-authenticate', 'Basic realm="b"'],
    ];
    const answer = sent(denyReply({ code: 'credential_missing', status: 401, headers }));
    expect(answer['headers']).toEqual([
      'content-type',
      'application/json',
      'cache-control',
      'no-store',
      'retry-after',
      '1',
      'www-authenticate',
      'Bearer realm="a", Basic realm="b"',
    ]);
  });
});

describe('an outage', () => {
  test('in the words of an API is a refusal like any other', () => {
    expect(sent(denyReply({ code: 'unavailable', status: 503 }))).toMatchObject({
      allow: false,
      status: 503,
    });
  });

  test('in no API’s words is no decision, so that the plugin uses its own', () => {
    const answer = toKongAnswer(OUTAGE, PLAIN);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ allow: false });
  });
});

describe('a refused gRPC call', () => {
  test.each([
    [400, '3'],
    [401, '16'],
    [402, '9'],
    [403, '7'],
    [404, '12'],
    [418, '2'],
    [429, '8'],
    [500, '13'],
    [503, '14'],
  ])('tells HTTP %i as status %s, all of it in the headers', (status, code) => {
    const reply = denyReply({ code: 'rate_limited', status, headers: [['retry-after', '7']] });
    expect(sent(reply, CALL)).toMatchObject({
      allow: false,
      status: 200,
      body: '',
      headers: [
        'cache-control',
        'no-store',
        'retry-after',
        '7',
        'content-type',
        'application/grpc',
        'grpc-status',
        code,
        'grpc-message',
        'Refused because of rate_limited',
      ],
    });
  });

  test('has its message escaped, so that it is the same again after unescaping', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (message) => {
        const reply = { ...denyReply({ code: 'rate_limited', status: 429 }), message };
        const told = (sent(reply, CALL)['headers'] as string[]).at(-1) ?? 'none';
        expect(told).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeURIComponent(told)).toBe(message);
      }),
    );
  });

  test.each([
    ['application/grpc', 200],
    ['application/grpc+proto', 200],
    ['application/grpc-web+proto', 429],
    ['application/grpc; charset=utf-8', 429],
    ['application/grpcx', 429],
  ])('is one by its content type: %s', (contentType, status) => {
    const reply = denyReply({ code: 'rate_limited', status: 429 });
    expect(sent(reply, requestWith(contentType))['status']).toBe(status);
  });

  test('is none where two content types are given', () => {
    const twice = requestWith('application/grpc', 'application/grpc');
    expect(sent(denyReply({ code: 'rate_limited', status: 429 }), twice)['status']).toBe(429);
  });
});

describe('nothing is answered', () => {
  const broken: [string, Reply][] = [
    ['where an allow has the code of a refusal', allowReply({ code: 'rate_limited' })],
    [
      'where a refusal has the code of an allow',
      { ...denyReply({ code: 'not_found', status: 404 }), code: 'ok' },
    ],
    ['where a refusal has the status of an allow', denyReply({ code: 'not_found', status: 200 })],
    ['where a refusal has no status', denyReply({ code: 'not_found', status: Number.NaN })],
    ['where a value would end its line', allowReply({ upstreamSet: [['x-account-id', 'a\r\nx-admin: 1']] })],
    ['where a value holds a NUL', allowReply({ clientHeaders: [['x-a', '\0']] })],
    ['where a name is none', allowReply({ upstreamRemove: ['x account'] })],
    ['where the upstream would get another host', allowReply({ upstreamSet: [['host', 'evil.example']] })],
    ['where the upstream would lose its host', allowReply({ upstreamRemove: ['host'] })],
    [
      'where a header would cut the body',
      denyReply({ code: 'not_found', status: 404, headers: [['content-length', '2']] }),
    ],
    [
      'where a header would break the framing',
      allowReply({ clientHeaders: [['transfer-encoding', 'chunked']] }),
    ],
  ];

  test.each(broken)('%s', (_name, reply) => {
    expect(() => toKongAnswer(reply, PLAIN)).toThrow(Error);
    expect(() => toKongAnswer(reply, CALL)).toThrow(Error);
  });
});
