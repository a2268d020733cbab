import { describe, expect, test } from 'vitest';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { canonicalHost } from '../../../src/lib/canonical-host.ts';
import { canonicalPath } from '../../../src/lib/canonical-path.ts';
import { addressFromForwardedFor } from '../../../src/lib/client-address.ts';
import { issueKey } from '../../../src/lib/key-format.ts';
import { requestOf } from '../edge/pipeline/request.ts';
import { createLonelyEdge, documentedPolicy } from './documented-edge.ts';

const LONG = 100 * 1024;
/** What makes a careless pattern try again and again: one piece many times over, and an end that does not fit. */
const PIECES = [
  'a',
  ' ',
  '\t',
  '.',
  '-',
  '/',
  'a/',
  'a.',
  '%61',
  '%2',
  '::',
  '0',
  ',',
  ', ',
  '{',
  'Bearer ',
  '=;',
];
const TEXTS = PIECES.flatMap((piece) => {
  const text = piece.repeat(Math.ceil(LONG / piece.length)).slice(0, LONG);
  return [text, `${text}\n`, `/${text}!`];
});

describe(`${LONG} characters of one piece`, () => {
  const policy = documentedPolicy();
  const host = createLonelyEdge(policy);
  const places = [...policy.apiByHost].map(([name, api]) => ({ name, api }));

  // A pattern that backtracks over such a text does not end within the time that a test has.
  test('in any place of a request are decided, and never by an allow', async () => {
    expect(places.length).toBeGreaterThanOrEqual(5);
    for (const { name, api } of places) {
      for (const text of TEXTS) {
        for (const request of requestsWith(text, name, api.keys.prefix)) {
          const reply = await host.answer(request);
          expect(reply.allowed).toBe(false);
          expect(reply.code).not.toBe('internal_error');
        }
      }
    }
  });

  test('are no path, host or address', () => {
    for (const text of TEXTS) {
      expect(canonicalPath(text)).toBeUndefined();
      expect(canonicalHost(text)).toBeUndefined();
      expect(addressFromForwardedFor([text], 0)).toBeUndefined();
    }
  });
});

function requestsWith(text: string, host: string, prefix: string): readonly AuthzRequest[] {
  const key = issueKey(prefix, (count) => new Uint8Array(count).fill(1));
  const asked = (parts: Partial<Parameters<typeof requestOf>[0]>): AuthzRequest =>
    requestOf({ host, target: '/v1/a', headers: [['authorization', `Bearer ${key}`]], ...parts });
  return [
    asked({ host: text }),
    asked({ target: text }),
    asked({ target: `/v1/${text}` }),
    asked({ method: text }),
    asked({ namedApi: text }),
    asked({ peerAddress: text, gatewayRequestId: text, gatewayTime: text }),
    asked({ headers: [['authorization', text]] }),
    asked({ headers: [['authorization', `Bearer ${prefix}${text}`]] }),
    asked({
      headers: [
        ['x-api-key', `${prefix}${text}`],
        ['api-key', text],
      ],
    }),
    asked({
      headers: [
        ['x-forwarded-for', text],
        ['x-request-id', text],
        ['origin', text],
      ],
    }),
  ];
}
