import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEdgeHost } from '../../../src/compose/edge-host.ts';
import { compile } from '../../../src/config/compile.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { canonicalHost } from '../../../src/lib/canonical-host.ts';
import { canonicalPath } from '../../../src/lib/canonical-path.ts';
import { addressFromForwardedFor } from '../../../src/lib/client-address.ts';
import { issueKey } from '../../../src/lib/key-format.ts';
import { DependencyDown } from '../../../src/ports.ts';
import { DOCUMENTED } from '../../cases/app.ts';
import { ANY_PORT } from '../../e2e/grpc-listener.ts';
import { createTestClock } from '../../world.ts';
import { requestOf } from '../edge/pipeline/request.ts';

const LONG = 100 * 1024;
const NOW_MS = Date.UTC(2026, 10, 22);
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
  const host = createEdge(policy);
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

function createEdge(policy: Policy) {
  return createEdgeHost({
    policy,
    peppers: { current: { id: 'p', secret: new Uint8Array(32).fill(3) }, retired: [] },
    sealingKeys: { current: { id: 's1', secret: new Uint8Array(32) }, retired: [] },
    budgetMs: 120,
    hub: {
      follow: () => Promise.resolve(),
      report: () => undefined,
      keep: () => Promise.resolve(),
      loadKept: () => Promise.resolve(),
      charge: () => Promise.reject(new DependencyDown('credits', 'there is no store here')),
    },
    clock: createTestClock(NOW_MS),
    newRequestId: () => '00000000-0000-4000-8000-000000000000',
    listener: ANY_PORT,
    entrances: [],
  });
}

function documentedPolicy(): Policy {
  return compile(loadConfig({ path: DOCUMENTED, readFile, env: {}, sets: [], nowMs: NOW_MS }).document);
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
