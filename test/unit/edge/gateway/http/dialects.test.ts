import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../../src/edge/gateway/http/dialect.ts';
import { ENVOY_HTTP } from '../../../../../src/edge/gateway/envoy-http/server.ts';
import { FORWARD_AUTH } from '../../../../../src/edge/gateway/forward-auth/server.ts';
import { OUTAGE } from '../../../../../src/edge/gateway/http/refusal.ts';
import { createUnreadable } from '../../../../../src/edge/gateway/http/unreadable.ts';
import { NGINX } from '../../../../../src/edge/gateway/nginx/server.ts';
import { messageOf } from './message.ts';

const DIALECTS: readonly (readonly [string, Dialect])[] = [
  ['envoy-http', ENVOY_HTTP],
  ['forward-auth', FORWARD_AUTH],
  ['nginx', NGINX],
];
/** What any of them reads, and what none does. */
const NAMES = [
  'host',
  'connection',
  'authorization',
  'x_account_id',
  'x-gateway-peer',
  'x-gateway-request-id',
  'x-original-method',
  'x-original-uri',
  'x-original-host',
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-host',
  'x-forwarded-for',
  'x-envoy-expected-rq-timeout-ms',
  '__proto__',
  'constructor',
];
const LINES = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 12 })), {
  maxLength: 24,
});

describe.each(DIALECTS)('the dialect %s', (name, dialect) => {
  test('makes a request of any headers, and hands the client’s on line by line', () => {
    fc.assert(
      fc.property(LINES, (lines) => {
        const request = dialect.fromMessage(messageOf(lines));
        expect(request?.gateway).toBe(name);
        for (const header of request?.headers.names() ?? []) {
          const sent = lines.filter(([other]) => other === header).map(([, value]) => value);
          expect(request?.headers.all(header)).toEqual(sent);
        }
      }),
    );
  });

  test('says no to whoever is not its gateway, in a form that the gateway takes for a refusal', () => {
    const { status } = dialect.toAnswer(OUTAGE, createUnreadable(dialect.name, '', []));
    expect(status).toBeGreaterThanOrEqual(400);
  });
});
