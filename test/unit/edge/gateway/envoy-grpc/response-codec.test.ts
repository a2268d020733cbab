import { CheckResponse } from '@envoyproxy/ext-authz-types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeaderPair, Reply } from '../../../../../src/domain/reply.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { toCheckResponse } from '../../../../../src/edge/gateway/envoy-grpc/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { toCheckResponse as toMessage } from './reference-response.ts';
import { readRequest } from './fixtures.ts';

const RUNS = 20_000;

const REQUESTS = ['bearer-key', 'grpc-client', 'no-credential'].map(readRequest);

/** The same bytes, or a refusal by both. */
function outcome(write: () => Uint8Array) {
  try {
    return Buffer.from(write()).toString('hex');
  } catch (error) {
    return String(error);
  }
}

const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('aZ09 \t\n\u0000\u00e9\u4e16\u{1f511}')), maxLength: 20 }),
  fc.constantFrom('', 'application/json', 'no-store'),
  // Lengths at which the length itself gets longer.
  fc.constantFrom(63, 64, 65, 100, 127, 128, 129, 250, 16_383, 16_384).map((length) => 'x'.repeat(length)),
);
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('x-account-id', 'x-tier', 'content-type', 'ratelimit', 'x~y') },
  { weight: 1, arbitrary: fc.constantFrom('host', ':path', 'X-Upper', '', 'a b', 'x\n') },
);
const headers = fc.array(
  fc.tuple(name, value).map(([key, text]): HeaderPair => [key, text]),
  { maxLength: 5 },
);
const reply = fc
  .record({
    kind: fc.constantFrom('allow', 'deny'),
    status: fc.oneof(fc.integer({ min: 400, max: 599 }), fc.integer()),
    clientHeaders: headers,
    upstreamSet: headers,
    upstreamRemove: fc.array(name, { maxLength: 3 }),
    body: value,
    message: value,
    account: value,
    tier: value,
    api: value,
    keyId: value,
  })
  .map(({ kind, status, ...rest }): Reply =>
    kind === 'allow' ? allowReply(rest) : { ...denyReply({ code: 'rate_limited', status }), ...rest },
  );

test('an answer at random has the bytes that the generated codec would give it, or is refused by both', () => {
  let written = 0;
  const request = fc.constantFrom<AuthzRequest[]>(...REQUESTS);
  fc.assert(
    fc.property(reply, request, (given, asked) => {
      const ours = outcome(() => toCheckResponse(given, asked));
      expect(ours).toBe(outcome(() => CheckResponse.encode(toMessage(given, asked)).finish()));
      if (!ours.startsWith('Error')) written += 1;
    }),
    { numRuns: RUNS },
  );
  expect(written).toBeGreaterThan(RUNS / 10);
});

/** As a server gives them: parts of some are the same objects as in others, and the same ones come again and again, for different requests. */
const shared = fc
  .tuple(fc.array(reply, { minLength: 1, maxLength: 4 }), fc.array(reply, { minLength: 1, maxLength: 3 }))
  .map(([whole, parts]) => [
    ...whole,
    ...whole.flatMap((one) => {
      const alike = { made: undefined };
      return parts.map(({ clientHeaders }) => ({ ...one, clientHeaders, alike }));
    }),
    ...whole.flatMap((one) =>
      parts.flatMap(({ upstreamSet, upstreamRemove, clientHeaders, keyId, account, tier, api }) => [
        { ...one, upstreamSet },
        { ...one, upstreamRemove },
        { ...one, clientHeaders },
        { ...one, keyId },
        { ...one, account },
        { ...one, tier },
        { ...one, api },
      ]),
    ),
  ]);
const turns = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 20, maxLength: 60 });

test('an answer that comes again, whole or in part, has the bytes that the generated codec would give it', () => {
  let again = 0;
  fc.assert(
    fc.property(shared, turns, (replies, order) => {
      const seen = new Set<Reply>();
      for (const [turn, asked] of order) {
        const given = replies[turn % replies.length] ?? expect.fail('no reply');
        const request = REQUESTS[asked % REQUESTS.length] ?? expect.fail('no request');
        const ours = outcome(() => toCheckResponse(given, request));
        expect(ours).toBe(outcome(() => CheckResponse.encode(toMessage(given, request)).finish()));
        if (seen.has(given) && !ours.startsWith('Error')) again += 1;
        seen.add(given);
      }
    }),
    { numRuns: RUNS / 40 },
  );
  expect(again).toBeGreaterThan(RUNS / 40);
});

test('an answer whose headers all come again is not kept for one that differs in a single one', () => {
  const request = REQUESTS[0] ?? expect.fail('no request');
  const same: HeaderPair = ['x-ratelimit-limit', '10'];
  for (const remaining of ['9', '9', '9', '8', '9', '8', '8', '8']) {
    const reply = allowReply({ clientHeaders: [same, ['x-ratelimit-remaining', remaining]] });
    const { httpResponse } = CheckResponse.decode(toCheckResponse(reply, request));
    if (httpResponse?.$case !== 'okResponse') throw new Error('no ok response');
    const told = httpResponse.value.responseHeadersToAdd.map(({ header }) => [header?.key, header?.value]);
    expect(told).toEqual(reply.clientHeaders);
  }
});

test('a refusal that comes again is told to a gRPC client as one and to others as another', () => {
  const reply = denyReply({ code: 'rate_limited', status: 429 });
  const bodies = [...REQUESTS, ...REQUESTS, ...REQUESTS].map((request) => {
    const { httpResponse } = CheckResponse.decode(toCheckResponse(reply, request));
    return httpResponse?.$case === 'deniedResponse' ? httpResponse.value.body : undefined;
  });
  const round = [reply.body, reply.message, reply.body];
  expect(bodies).toEqual([...round, ...round, ...round]);
});
