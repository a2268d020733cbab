import { CheckResponse } from '@envoyproxy/ext-authz-types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../../../src/domain/reply.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { toCheckResponse } from '../../../../../src/edge/gateway/envoy-grpc/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';

function requestWith(...contentTypes: string[]): AuthzRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '1',
    gatewayTime: '',
    method: 'POST',
    target: '/x',
    host: 'api.example.com',
    namedApi: '',
    peerAddress: '',
    headers: {
      all: (name) => (name === 'content-type' ? contentTypes : []),
      names: () => (contentTypes.length > 0 ? ['content-type'] : []),
    },
  };
}

const JSON_REQUEST = requestWith('application/json');
const CALL = requestWith('application/grpc');

/** The answer as Envoy reads it: through the bytes. */
function sent(reply: Reply, request = JSON_REQUEST): CheckResponse {
  return CheckResponse.decode(toCheckResponse(reply, request));
}

function denied(reply: Reply, request = JSON_REQUEST) {
  const { httpResponse } = sent(reply, request);
  if (httpResponse?.$case !== 'deniedResponse') throw new Error('no denied response');
  const { status, headers, body } = httpResponse.value;
  return {
    status: status?.code,
    headers: headers.map(({ header }) => [header?.key, header?.value]),
    body,
  };
}

function allowed(reply: Reply) {
  const { httpResponse } = sent(reply);
  if (httpResponse?.$case !== 'okResponse') throw new Error('no ok response');
  return httpResponse.value;
}

describe('the code that decides alone', () => {
  test('is never 0 on a refusal, whatever the HTTP status and the kind of client', () => {
    const refusal = fc.integer({ min: 400, max: 599 });
    fc.assert(
      fc.property(refusal, fc.constantFrom(JSON_REQUEST, CALL), (status, request) => {
        const answer = sent(denyReply({ code: 'rate_limited', status }), request);
        expect(answer.status?.code).toBeGreaterThan(0);
        expect(answer.httpResponse?.$case).toBe('deniedResponse');
      }),
    );
  });

  test('is 0 on an allow, with an ok response', () => {
    expect(sent(allowReply())).toMatchObject({ status: { code: 0 }, httpResponse: { $case: 'okResponse' } });
  });

  test.each([
    ['an allow with the code of a refusal', allowReply({ code: 'rate_limited' })],
    [
      'a refusal with the code of an allow',
      { ...denyReply({ code: 'rate_limited', status: 429 }), code: 'ok' as const },
    ],
    ['a refusal that would be a success', denyReply({ code: 'rate_limited', status: 200 })],
    ['a refusal with 204', denyReply({ code: 'rate_limited', status: 204 })],
    ['a refusal with 600', denyReply({ code: 'rate_limited', status: 600 })],
    ['a refusal with no number', denyReply({ code: 'rate_limited', status: Number.NaN })],
  ])('%s is a bug, not an answer', (_name, reply) => {
    expect(() => toCheckResponse(reply, JSON_REQUEST)).toThrow();
  });
});

describe('headers', () => {
  const reply = allowReply({
    upstreamSet: [['x-account-id', 'acme']],
    upstreamRemove: ['authorization'],
    clientHeaders: [['ratelimit', '"key-minute";r=1;t=2']],
  });

  test('on an allow are set, removed and added to the answer', () => {
    const { headers, headersToRemove, responseHeadersToAdd } = allowed(reply);
    expect(headers.map(({ header }) => [header?.key, header?.value])).toEqual([['x-account-id', 'acme']]);
    expect(headersToRemove).toEqual(['authorization']);
    expect(responseHeadersToAdd.map(({ header }) => [header?.key, header?.value])).toEqual(
      reply.clientHeaders,
    );
  });

  test('overwrite under both rules of Envoy, which must be present in the bytes', () => {
    // header {key "a", value "b"} · append {} (field 2: present, false) · append_action 2 (field 3).
    const option = Buffer.from([0x0a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62, 0x12, 0, 0x18, 2]);
    const pair = [['a', 'b']] as const;
    const allow = allowReply({ upstreamSet: pair, clientHeaders: pair });
    const allowBytes = Buffer.from(toCheckResponse(allow, JSON_REQUEST));
    expect(allowBytes.toString('latin1').split(option.toString('latin1'))).toHaveLength(3);
    const deny = { ...denyReply({ code: 'rate_limited', status: 429 }), clientHeaders: pair };
    const denyBytes = Buffer.from(toCheckResponse(deny, JSON_REQUEST));
    expect(denyBytes.includes(option)).toBe(true);
  });

  test('are never set to nothing: an empty identity is a removal', () => {
    const { headers, headersToRemove } = allowed(allowReply({ upstreamSet: [['x-tier', '']] }));
    expect(headers).toEqual([]);
    expect(headersToRemove).toEqual(['x-tier']);
  });

  test.each(['\r', '\n', '\0', '\u007f', 'a\r\nb: c'])('with %j in a value never go out', (value) => {
    for (const field of ['upstreamSet', 'clientHeaders'] as const) {
      expect(() => toCheckResponse(allowReply({ [field]: [['x-a', value]] }), JSON_REQUEST)).toThrow();
    }
    const refusal = denyReply({ code: 'rate_limited', status: 429, headers: [['x-a', value]] });
    expect(() => toCheckResponse(refusal, JSON_REQUEST)).toThrow();
    expect(() => toCheckResponse(refusal, CALL)).toThrow();
  });

  test.each(['', ':path', ':authority', 'host', 'a b', 'a\r\nb', 'Host', 'a:'])(
    'named %j never go out',
    (name) => {
      expect(() => toCheckResponse(allowReply({ upstreamSet: [[name, 'v']] }), JSON_REQUEST)).toThrow();
      expect(() => toCheckResponse(allowReply({ upstreamSet: [[name, '']] }), JSON_REQUEST)).toThrow();
      expect(() => toCheckResponse(allowReply({ upstreamRemove: [name] }), JSON_REQUEST)).toThrow();
      expect(() => toCheckResponse(allowReply({ clientHeaders: [[name, 'v']] }), JSON_REQUEST)).toThrow();
    },
  );

  test('an error about a header does not repeat its value', () => {
    const reply = allowReply({ upstreamSet: [['x-a', 'secret\n']] });
    expect(() => toCheckResponse(reply, JSON_REQUEST)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });
});

describe('a refusal', () => {
  test('has our status, headers and body, character by character', () => {
    const reply = denyReply({ code: 'rate_limited', status: 429, headers: [['retry-after', '7']] });
    expect(denied(reply)).toEqual({ status: 429, headers: reply.clientHeaders, body: reply.body });
  });

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
  ])('to a gRPC client says %i as grpc-status %s, in a sentence, and keeps retry-after', (status, code) => {
    const reply = denyReply({ code: 'rate_limited', status, headers: [['retry-after', '7']] });
    expect(denied(reply, CALL)).toEqual({
      status,
      headers: [
        ['cache-control', 'no-store'],
        ['retry-after', '7'],
        ['grpc-status', code],
      ],
      body: reply.message,
    });
  });

  test.each([
    [['application/grpc'], true],
    [['application/grpc+proto'], true],
    [['application/grpc; charset=utf-8'], false],
    [['Application/grpc'], false],
    [['application/grpc-web'], false],
    [['application/grpc-web+proto'], false],
    [['application/grpc', 'application/grpc'], false],
    [[], false],
  ])('takes %j for gRPC exactly where Envoy does: %s', (contentTypes, isCall) => {
    const reply = denyReply({ code: 'rate_limited', status: 429 });
    expect(denied(reply, requestWith(...contentTypes)).body).toBe(isCall ? reply.message : reply.body);
  });
});

describe('the metadata for access logs', () => {
  test('names API, key, account, tier and code', () => {
    expect(sent(denyReply({ code: 'rate_limited', status: 429 })).dynamicMetadata).toEqual({
      api: 'truedy',
      key_id: 'key_0123456789abcdef01234567',
      account: 'acme',
      tier: 'pro',
      code: 'rate_limited',
    });
  });

  test('names the rule that a credential broke, of which the client hears nothing', () => {
    const refusal = denyReply({ code: 'credential_invalid', status: 401 });
    const reply: Reply = { ...refusal, fault: 'token_expired' };
    const told = sent(reply);
    expect(told.dynamicMetadata).toMatchObject({ code: 'credential_invalid', fault: 'token_expired' });
    expect(JSON.stringify(told.httpResponse)).not.toContain('token_expired');
  });

  test('leaves out what is not known', () => {
    const unknown = { api: '', keyId: '', account: '', tier: '' };
    const reply = { ...denyReply({ code: 'not_found', status: 404 }), ...unknown };
    expect(sent(reply).dynamicMetadata).toEqual({ code: 'not_found' });
  });
});
