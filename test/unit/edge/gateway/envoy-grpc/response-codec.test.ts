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

test('an answer keeps its bytes when the next one is made', () => {
  const request = REQUESTS[0] ?? expect.fail('no request');
  const first = toCheckResponse(denyReply({ code: 'rate_limited', status: 429 }), request);
  const before = Buffer.from(first).toString('hex');
  toCheckResponse(allowReply({ upstreamSet: [['x-account-id', 'y'.repeat(1_000)]] }), request);
  expect(Buffer.from(first).toString('hex')).toBe(before);
});
