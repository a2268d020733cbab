import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../../src/domain/decision.ts';
import type { LimitState } from '../../../../src/domain/limit.ts';
import { renderReply } from '../../../../src/edge/render/render.ts';
import { REFUSAL_CODES, STATUS } from '../../../../src/edge/render/status.ts';
import { API, change } from '../../config/world.ts';
import { decisionFor, inputOf, principalOf, REQUEST_ID, requestOf, stateOf } from './world.ts';

const headersOf = (decision: Decision, more = {}) =>
  Object.fromEntries(renderReply(inputOf(decision, more)).clientHeaders);

const BARE_TIER = { index: 0, name: '', monthlyCredits: 0, limits: [], features: new Set<string>() };

describe('an allow', () => {
  test('sets every identity header and takes every credential header away', () => {
    const tier = { ...BARE_TIER, name: 'free' };
    const reply = renderReply(inputOf({ kind: 'allow', principal: principalOf(), tier }));
    expect(reply).toEqual({
      allowed: true,
      code: 'ok',
      api: 'one',
      status: 200,
      clientHeaders: [],
      body: '',
      message: '',
      upstreamSet: [
        ['x-account-id', 'acme'],
        ['x-key-id', 'key_000000000000000000000001'],
        ['x-tier', 'free'],
      ],
      upstreamRemove: ['authorization'],
      keyId: 'key_000000000000000000000001',
      account: 'acme',
      tier: 'free',
    });
  });

  test('without a principal takes every identity header away: a preflight names nobody', () => {
    const reply = renderReply(inputOf({ kind: 'allow' }));
    expect(reply.allowed).toBe(true);
    expect(reply.upstreamSet).toEqual([]);
    expect(reply.upstreamRemove).toEqual(['authorization', 'x-account-id', 'x-key-id', 'x-tier']);
  });

  test('takes away what the client sent under an alias of an identity or credential header, and nothing else', () => {
    const request = requestOf({
      x_account_id: 'root',
      'x.key-id': 'k',
      'x-tier_': 't',
      x_other: 'o',
      'a.uthorization': 'a',
      'x!account~id': 'root',
      "x'key|id": 'k',
      'x!other': 'o',
    });
    const credentialHeaders = ['authorization', 'x-api-key'];
    const withAlias = requestOf({ 'x_api.key': 'k' });
    const decision: Decision = { kind: 'allow', principal: principalOf() };
    const removed = renderReply(inputOf(decision, { request, credentialHeaders })).upstreamRemove;
    expect(removed).toEqual([
      'authorization',
      'x-api-key',
      'x-tier',
      'x_account_id',
      'x.key-id',
      'x!account~id',
      "x'key|id",
    ]);
    expect(
      renderReply(inputOf(decision, { request: withAlias, credentialHeaders })).upstreamRemove,
    ).toContain('x_api.key');
  });

  test('takes the same away whether the request tells its odd names or all of them', () => {
    const name = fc.oneof(
      fc.constantFrom('x-tier', 'x_tier', 'X.tier', 'x-tier_', 'x!key~id', 'authorization', 'other_name'),
      fc.string({ minLength: 1, maxLength: 4 }).map((text) => text.toLowerCase()),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), (names) => {
        const request = requestOf(Object.fromEntries(names.map((each) => [each, ''])));
        const oddNames = () => names.filter((each) => /[^a-z0-9-]/.test(each));
        const toldOdd = { ...request, headers: { ...request.headers, oddNames, names: () => [] } };
        const removedOf = (asked: typeof request) =>
          renderReply(inputOf({ kind: 'allow', principal: principalOf() }, { request: asked }))
            .upstreamRemove;
        expect(removedOf(toldOdd).toSorted()).toEqual(removedOf(request).toSorted());
      }),
    );
  });

  test('of a principal that is kept gives the upstream the same objects, of another one or another tier its own', () => {
    const tierOf = (name: string) => ({ ...BARE_TIER, name });
    const [free, pro] = [tierOf('free'), tierOf('pro')];
    const kept = { ...principalOf(), kept: true };
    const base = inputOf({ kind: 'bug' });
    const render = (decision: Decision, change = {}) => renderReply({ ...base, decision, ...change });
    const first = render({ kind: 'allow', principal: kept, tier: free });
    const again = render({ kind: 'allow', principal: kept, tier: free });
    expect(again.upstreamSet).toBe(first.upstreamSet);
    expect(again.upstreamRemove).toBe(first.upstreamRemove);
    expect(again.alike).toBeDefined();
    expect(again.alike).toBe(first.alike);
    expect(render({ kind: 'allow', principal: kept, tier: pro }).upstreamSet).toContainEqual([
      'x-tier',
      'pro',
    ]);
    expect(
      render({ kind: 'allow', principal: { ...principalOf('other'), kept: true } }).upstreamSet,
    ).toContainEqual(['x-account-id', 'other']);
    const request = requestOf({ x_tier: 'forged' });
    expect(render({ kind: 'allow', principal: kept, tier: free }, { request }).upstreamRemove).toContain(
      'x_tier',
    );
    expect(render({ kind: 'allow', principal: kept, tier: free }).upstreamRemove).not.toContain('x_tier');
  });

  test('is like another only where that is of the same kept principal, tier and API, and nothing is removed for its request alone', () => {
    const kept = { ...principalOf(), kept: true };
    const tierOf = (name: string) => ({ ...BARE_TIER, name });
    const [free, pro] = [tierOf('free'), tierOf('pro')];
    const base = inputOf({ kind: 'bug' });
    const likeOf = (decision: Decision, change = {}) => renderReply({ ...base, decision, ...change }).alike;
    const others: [Decision, object?][] = [
      [{ kind: 'allow', principal: kept, tier: pro }],
      [{ kind: 'allow', principal: { ...kept }, tier: free }],
      [{ kind: 'allow', principal: kept, tier: free }, { credentialHeaders: ['authorization'] }],
      [{ kind: 'allow', principal: kept, tier: free }, { api: { ...base.api } }],
    ];
    for (const [decision, difference] of others) {
      const first = likeOf({ kind: 'allow', principal: kept, tier: free });
      expect(first).toBeDefined();
      expect(likeOf(decision, difference)).not.toBe(first);
    }
    const forged = { request: requestOf({ x_tier: 'forged' }) };
    expect(likeOf({ kind: 'allow', principal: kept, tier: free }, forged)).toBeUndefined();
    expect(likeOf({ kind: 'allow', principal: principalOf(), tier: free })).toBeUndefined();
    expect(likeOf({ kind: 'allow' })).toBeUndefined();
  });

  test('never passes where an identity cannot stand in a header', () => {
    for (const account of ['a\r\nx: y', 'a\nb', ' a', 'ä', '\u0000']) {
      const reply = renderReply(inputOf({ kind: 'allow', principal: principalOf(account) }));
      expect([reply.allowed, reply.code, reply.status]).toEqual([false, 'internal_error', 500]);
      expect(reply.upstreamSet).toEqual([]);
    }
  });

  test('of no API is refused', () => {
    expect(renderReply(inputOf({ kind: 'allow' }, { api: undefined })).allowed).toBe(false);
  });

  test('says which outage was waived', () => {
    expect(renderReply(inputOf({ kind: 'allow', degraded: 'limits' })).degraded).toBe('limits');
  });
});

describe('a refusal', () => {
  test('of every code has the status of its row, a JSON body, its content type and no-store', () => {
    for (const code of REFUSAL_CODES) {
      const reply = renderReply(inputOf(decisionFor(code)));
      expect(reply.allowed).toBe(false);
      expect(reply.code).toBe(code);
      expect(reply.clientHeaders.slice(0, 2)).toEqual([
        ['content-type', 'application/json'],
        ['cache-control', 'no-store'],
      ]);
      expect(JSON.parse(reply.body)).toHaveProperty('error.message', reply.message);
    }
  });

  test('has a challenge on every 401 and on nothing else, also outside every area', () => {
    for (const code of REFUSAL_CODES) {
      const headers = headersOf(decisionFor(code));
      expect(headers['www-authenticate']).toBe(STATUS[code] === 401 ? 'Bearer realm="one"' : undefined);
    }
    expect(headersOf(decisionFor('credential_missing'), { challenge: '' })['www-authenticate']).toBe(
      'Bearer',
    );
  });

  test('by a limit says when asking again passes: the longest wait, rounded up', () => {
    const limits = [
      stateOf({ waitMs: 1_000.001, resetMs: 1_000.001 }),
      stateOf({ waitMs: 59_000, resetMs: 59_000, name: 'key-day' }),
    ];
    expect(headersOf(decisionFor('rate_limited', limits))['retry-after']).toBe('59');
    expect(headersOf(decisionFor('rate_limited', [stateOf({ waitMs: 1_000.001 })]))['retry-after']).toBe('2');
    expect(headersOf(decisionFor('rate_limited', [stateOf({ waitMs: 0.1 })]))['retry-after']).toBe('1');
    expect(headersOf(decisionFor('rate_limited', [stateOf({ waitMs: 3_000 })]))['retry-after']).toBe('3');
  });

  test('for any other reason promises nothing of waiting', () => {
    const limits = [stateOf({ remaining: 3, resetMs: 9_000 })];
    for (const code of REFUSAL_CODES) {
      expect(headersOf(decisionFor(code, limits))['retry-after']).toBeUndefined();
    }
  });

  test('after the limits shows them, before the limits does not', () => {
    const limits = [stateOf({ remaining: 9, resetMs: 60_000 })];
    expect(headersOf(decisionFor('insufficient_credits', limits))).toMatchObject({
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '9',
      'x-ratelimit-reset': '60',
      'ratelimit-policy': '"key-minute";q=10;w=60',
      ratelimit: '"key-minute";r=9;t=60',
    });
    expect(headersOf(decisionFor('credential_invalid'))).not.toHaveProperty('ratelimit');
  });

  test('fills id, time and wait into its body, escaped and in whole seconds UTC', () => {
    const body =
      '{ error: [$code, $message, $status, $details], id: $request_id, ts: $ts, wait: $retry_after_seconds, plain: $$ts, n: null }';
    const api = change(API, '{ error: { code: $code, message: $message, details: $details } }', body);
    const limits = [stateOf({ waitMs: 1_500 })];
    const render = (decision: Decision, requestId: string) =>
      renderReply(inputOf(decision, { newRequestId: () => requestId }, { api })).body;
    expect(render(decisionFor('rate_limited', limits), REQUEST_ID)).toBe(
      `{"error":["slow","Slow down",429,{}],"id":"${REQUEST_ID}","ts":"2026-02-04T12:00:00Z","wait":2,"plain":"$ts","n":null}`,
    );
    expect(JSON.parse(render(decisionFor('not_found'), '"}\n\ud800'))).toMatchObject({
      id: '"}\n\ud800',
      wait: null,
    });
  });

  test.each(['token_expired', 'token_not_yet_valid', 'token_party', 'session_ended', 'unknown'] as const)(
    'for %s is told apart from others in the access log alone',
    (fault) => {
      const refuse = (denial: Extract<Decision, { kind: 'deny' }>['denial']) =>
        renderReply(inputOf({ kind: 'deny', denial }));
      const { fault: told, ...shown } = refuse({ code: 'credential_invalid', fault });
      const { fault: other, ...alike } = refuse({ code: 'credential_invalid', fault: 'malformed' });
      expect([told, other]).toEqual([fault, 'malformed']);
      expect(shown).toEqual(alike);
    },
  );

  test('in which nothing is the request’s is one object for each API, challenge and fault, and no other', () => {
    const base = inputOf({ kind: 'bug' });
    const refuse = (fault: 'unknown' | 'expired', change = {}) =>
      renderReply({
        ...base,
        decision: { kind: 'deny', denial: { code: 'credential_invalid', fault } },
        ...change,
      });
    expect(refuse('unknown')).toBe(refuse('unknown'));
    expect(refuse('expired')).not.toBe(refuse('unknown'));
    expect(refuse('unknown', { challenge: 'Basic' }).clientHeaders).toContainEqual([
      'www-authenticate',
      'Basic',
    ]);
    expect(refuse('unknown', { api: undefined }).api).toBe('');
    const known = {
      kind: 'deny',
      denial: { code: 'account_suspended' },
      principal: principalOf('one'),
    } as const;
    const other = { ...known, principal: principalOf('two') };
    expect([known, other].map((decision) => renderReply({ ...base, decision }).account)).toEqual([
      'one',
      'two',
    ]);
  });

  test('that shows an id or the time is made anew for each request', () => {
    const body = '{ error: { message: $message }, id: $request_id, ts: $ts }';
    const base = inputOf(
      decisionFor('not_found'),
      {},
      { api: change(API, '{ error: { code: $code, message: $message, details: $details } }', body) },
    );
    const bodyOf = (id: string, wallMs: number) =>
      JSON.parse(renderReply({ ...base, newRequestId: () => id, wallMs }).body) as object;
    expect(bodyOf('a', 0)).toMatchObject({ id: 'a', ts: '1970-01-01T00:00:00Z' });
    expect(bodyOf('b', 999)).toMatchObject({ id: 'b', ts: '1970-01-01T00:00:00Z' });
    expect(bodyOf('c', 1_000)).toMatchObject({ id: 'c', ts: '1970-01-01T00:00:01Z' });
    expect(bodyOf('a', 999)).toMatchObject({ id: 'a', ts: '1970-01-01T00:00:00Z' });
  });

  test('shows who asked to the access log, as far as it is known', () => {
    const decision: Decision = { kind: 'deny', denial: { code: 'rate_limited' }, principal: principalOf() };
    expect(renderReply(inputOf(decision))).toMatchObject({
      keyId: 'key_000000000000000000000001',
      account: 'acme',
      tier: '',
    });
    expect(renderReply(inputOf(decisionFor('not_found'), { api: undefined }))).toMatchObject({
      api: '',
      keyId: '',
      account: '',
    });
  });
});

const number = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }));
const state: fc.Arbitrary<LimitState> = fc
  .record({ remaining: fc.nat(), resetMs: number, waitMs: number })
  .map((given) => stateOf(given));
const known = fc.record(
  { limits: fc.array(state, { maxLength: 3 }), principal: fc.string({ unit: 'binary' }).map(principalOf) },
  { requiredKeys: [] },
);
const bare: fc.Arbitrary<Decision> = fc.oneof(
  fc.constant<Decision>({ kind: 'allow' }),
  fc.constantFrom(...REFUSAL_CODES).map((code) => decisionFor(code)),
);
const decisions = fc
  .tuple(bare, known)
  .map(([decision, facts]): Decision => Object.assign({}, decision, facts));

test('whatever is decided: only an allow allows, bodies are JSON, no header value holds a line break', () => {
  const base = inputOf({ kind: 'bug' });
  fc.assert(
    fc.property(decisions, fc.string({ unit: 'binary' }), fc.boolean(), (decision, requestId, isKnown) => {
      const reply = renderReply({
        ...base,
        api: isKnown ? base.api : undefined,
        decision,
        newRequestId: () => requestId,
      });
      if (reply.allowed) expect([decision.kind, reply.code, isKnown]).toEqual(['allow', 'ok', true]);
      else expect(JSON.parse(reply.body)).toHaveProperty('error');
      expect(reply.allowed || reply.status >= 400).toBe(true);
      for (const [, value] of [...reply.clientHeaders, ...reply.upstreamSet]) {
        expect(value).toMatch(/^[\x20-\x7e]+$/);
      }
      const removed = new Set(reply.upstreamRemove);
      expect(reply.upstreamSet.some(([name]) => removed.has(name))).toBe(false);
    }),
  );
});
