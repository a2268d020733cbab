import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromForwardedMessage } from '../../../../../src/edge/gateway/forward-auth/request.ts';
import { toForwardedAnswer } from '../../../../../src/edge/gateway/forward-auth/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { messageOf } from '../http/message.ts';

const FACTS = [
  ['x-forwarded-method', 'GET'],
  ['x-forwarded-uri', '/'],
  ['x-forwarded-host', 'api.example.com'],
  ['x-forwarded-for', '127.0.0.1'],
] as const;
const REQUEST = fromForwardedMessage(messageOf(FACTS));
const CALL = fromForwardedMessage(messageOf([...FACTS, ['content-type', 'application/grpc+proto']]));

describe('the answer to a forwarded question', () => {
  test('is a success on an allow, and never on a refusal, whoever asks', () => {
    expect(toForwardedAnswer(allowReply(), REQUEST).status).toBe(200);
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.constantFrom(REQUEST, CALL), (status, request) => {
        expect(toForwardedAnswer(denyReply({ code: 'rate_limited', status }), request).status).toBe(status);
      }),
    );
  });

  test('refuses in the reply’s own words', () => {
    const reply = denyReply({ code: 'rate_limited', status: 429, headers: [['retry-after', '7']] });
    expect(toForwardedAnswer(reply, REQUEST)).toEqual({
      status: 429,
      headers: reply.clientHeaders,
      body: reply.body,
    });
  });

  test('says which headers of an allow go upstream, and which the upstream must not get', () => {
    const { headers } = toForwardedAnswer(
      allowReply({
        upstreamSet: [
          ['x-account-id', 'acme'],
          ['x-tier', ''],
        ],
        upstreamRemove: ['authorization'],
        clientHeaders: [['x-ratelimit-limit', '10']],
      }),
      REQUEST,
    );
    expect(headers).toEqual([
      ['x-account-id', 'acme'],
      ['x-ratelimit-limit', '10'],
      ['x-tollgate-set', 'x-account-id'],
      ['x-tollgate-remove', 'authorization,x-tier'],
    ]);
  });

  test('refuses a call by headers alone, its message escaped', () => {
    const reply = { ...denyReply({ code: 'rate_limited', status: 429 }), message: 'Zu viel: 100 % – später' };
    const { headers, body } = toForwardedAnswer(reply, CALL);
    expect(headers).toEqual([
      ['content-type', 'application/grpc'],
      ['cache-control', 'no-store'],
      ['grpc-status', '8'],
      ['grpc-message', 'Zu viel: 100 %25 %E2%80%93 sp%C3%A4ter'],
    ]);
    expect(body).toBe('');
  });
});
