import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromEnvoyMessage } from '../../../../../src/edge/gateway/envoy-http/request.ts';
import { toEnvoyAnswer } from '../../../../../src/edge/gateway/envoy-http/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { messageOf } from '../http/message.ts';

const FACTS = [
  ['host', 'api.example.com'],
  ['x-gateway-peer', '127.0.0.1'],
  ['x-gateway-request-id', '1'],
] as const;
const REQUEST = fromEnvoyMessage(messageOf(FACTS));
const CALL = fromEnvoyMessage(messageOf([...FACTS, ['content-type', 'application/grpc']]));

describe('the answer to Envoy over HTTP', () => {
  test('is 200 on an allow, and on nothing else', () => {
    expect(toEnvoyAnswer(allowReply(), REQUEST).status).toBe(200);
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.constantFrom(REQUEST, CALL), (status, request) => {
        const answer = toEnvoyAnswer(denyReply({ code: 'rate_limited', status }), request);
        // Envoy takes a 5xx for a check that failed, and a filter that fails open would let the request pass.
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }),
    );
  });

  test.each([
    [400, 400],
    [429, 429],
    [499, 499],
    [500, 470],
    [503, 473],
    [529, 499],
    [530, 473],
    [599, 473],
  ])('a refusal with %i goes out as %i', (status, sent) => {
    expect(toEnvoyAnswer(denyReply({ code: 'unavailable', status }), REQUEST).status).toBe(sent);
  });

  test('sets the identity, shows the limits and names what is to be removed', () => {
    const { headers, body } = toEnvoyAnswer(
      allowReply({
        upstreamSet: [
          ['x-account-id', 'acme'],
          ['x-tier', ''],
        ],
        upstreamRemove: ['authorization', 'x.account.id'],
        clientHeaders: [['ratelimit', '"m";r=1;t=2']],
      }),
      REQUEST,
    );
    expect(headers).toEqual([
      ['x-account-id', 'acme'],
      ['ratelimit', '"m";r=1;t=2'],
      ['x-envoy-auth-headers-to-remove', 'authorization,x.account.id,x-tier'],
    ]);
    expect(body).toBe('');
  });

  test('says nothing of removals where there are none', () => {
    expect(toEnvoyAnswer(allowReply(), REQUEST).headers).toEqual([]);
  });

  test('refuses in the reply’s own words', () => {
    const reply = denyReply({ code: 'insufficient_credits', status: 402, headers: [['retry-after', '3']] });
    expect(toEnvoyAnswer(reply, REQUEST)).toEqual({
      status: 402,
      headers: reply.clientHeaders,
      body: reply.body,
    });
  });

  test('refuses a call in one sentence and with a status of gRPC', () => {
    const reply = denyReply({ code: 'insufficient_credits', status: 402 });
    const { headers, body } = toEnvoyAnswer(reply, CALL);
    expect(headers).toEqual([
      ['cache-control', 'no-store'],
      ['grpc-status', '9'],
    ]);
    expect(body).toBe(reply.message);
  });
});
