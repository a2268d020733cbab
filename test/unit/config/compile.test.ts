import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/config/compile.ts';
import { compileRoutes } from '../../../src/config/routes.ts';
import { parsePattern } from '../../../src/config/patterns.ts';
import type { RouteSection } from '../../../src/config/schema/areas.ts';
import type { Route, RouteNode } from '../../../src/domain/policy.ts';
import { API, change, load, SERVER } from './world.ts';

const route = (path: string, method: string, credits: number): RouteSection => ({
  path,
  method,
  credits,
  needs: {},
});

/** Every route of a trie with the pattern that leads to it. */
function listPatterns(node: RouteNode, prefix = ''): [pattern: string, method: string, route: Route][] {
  const here = [...node.here].map(([method, found]): [string, string, Route] => [
    prefix || '/',
    method,
    found,
  ]);
  const below = [...node.below].map(([method, found]): [string, string, Route] => [
    `${prefix}/**`,
    method,
    found,
  ]);
  const literal = [...node.literal].flatMap(([segment, child]) =>
    listPatterns(child, `${prefix}/${segment}`),
  );
  const any = node.any === undefined ? [] : listPatterns(node.any, `${prefix}/*`);
  return [...here, ...below, ...literal, ...any];
}

describe('routes', () => {
  test('are all in the trie, each where its pattern leads, and nothing else is', () => {
    const segment = fc.constantFrom('a', 'b', '*', '__proto__', 'constructor');
    const path = fc
      .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
      .map(([segments, isOpen]) => `/${[...segments, ...(isOpen ? ['**'] : [])].join('/')}`);
    const sections = fc.uniqueArray(
      fc.tuple(path, fc.constantFrom('GET', 'POST', '*'), fc.nat(9)).map((given) => route(...given)),
      { selector: ({ path: pattern, method }) => `${method} ${pattern}`, maxLength: 12 },
    );
    fc.assert(
      fc.property(sections, (given) => {
        const found = listPatterns(compileRoutes(given)).map(([pattern, method, { cost }]) => [
          pattern,
          method,
          cost,
        ]);
        const meant = given.map(({ path: pattern, method, credits }) => [pattern, method, credits]);
        expect(new Set(found.map(String))).toEqual(new Set(meant.map(String)));
        expect(found).toHaveLength(meant.length);
      }),
    );
  });

  test('have patterns of literal segments, * and a last **, and no other', () => {
    for (const pattern of ['/', '/*', '/**', '/a/*/b/**', '/a.b/~c'])
      expect(parsePattern(pattern)).toBeDefined();
    const wrong = [
      '',
      'a',
      '/a/',
      '//',
      '/a//b',
      '/**/a',
      '/a*',
      '/***',
      '/..',
      '/%41',
      '/a%2fb',
      '/a b',
      '/a;b',
      '/a?b',
      `/${'a/'.repeat(40)}a`,
    ];
    for (const pattern of wrong) expect(parsePattern(pattern)).toBeUndefined();
  });
});

const areaAt = (path: string) =>
  `  - path: ${path}\n    challenge: X\n    credentials: [{ api_key: { header: a } }]\n    routes: [{ path: /** }]\n`;

const addressFrom = (section: string) =>
  compile(load({ api: `${API}client_address: ${section}\n` }).document).apis[0]?.clientAddress;

describe('compile', () => {
  test('gives the same policy from a clone of the document', () => {
    const { document } = load();
    expect(compile(structuredClone(document))).toEqual(compile(document));
  });

  test('names limits by scope and window', () => {
    const api = change(API, 'key: [10/minute]', 'key: [10/minute, 5/90s], account: [7/36h]');
    const [tier] = compile(load({ api }).document).apis[0]?.tiers ?? [];
    expect(tier?.limits.map(({ name, scope, count, windowMs }) => [name, scope, count, windowMs])).toEqual([
      ['key-minute', 'key', 10, 60_000],
      ['key-90s', 'key', 5, 90_000],
      ['account-36h', 'account', 7, 129_600_000],
    ]);
  });

  test('ranks tiers by their order and knows the default one', () => {
    const api = compile(load({ api: change(API, 'default_tier: free', 'default_tier: pro') }).document)
      .apis[0];
    expect(api?.tiers.map(({ index, name }) => [index, name])).toEqual([
      [0, 'free'],
      [1, 'pro'],
    ]);
    expect(api?.defaultTier).toBe(1);
    expect(api?.tiers[1]?.features).toEqual(new Set(['exports']));
  });

  test('gives an API without tiers one without a name, with the limits and credits of everybody', () => {
    const bare = API.replace(
      /default_tier[\s\S]*?areas:/,
      'limits: { account: [3/day] }\ncredits: { monthly: 9 }\nareas:',
    )
      .replace(', feature: exports', '')
      .replace('  feature_missing: { same_as: permission_missing }\n', '');
    const api = compile(load({ api: bare }).document).apis[0];
    expect(api?.defaultTier).toBe(0);
    expect(api?.tiers).toMatchObject([
      { name: '', monthlyCredits: 9, limits: [{ name: 'account-day', count: 3 }] },
    ]);
  });

  test('puts the longest prefix first and the whole host last', () => {
    const api = change(API, 'areas:\n', `areas:\n${areaAt('/')}${areaAt('/v1/deep')}`);
    expect(compile(load({ api }).document).apis[0]?.areas.map(({ prefix }) => prefix)).toEqual([
      '/v1/deep',
      '/v1',
      '',
    ]);
  });

  test('gathers the credential headers of all APIs, lower case, once', () => {
    const two = change(
      change(change(API, 'api: one', 'api: two'), 'one.example', 'two.example'),
      'prefix: one_',
      'prefix: two_',
    );
    const server = change(SERVER, '[apis/one.yaml]', '[apis/one.yaml, apis/two.yaml]');
    const files = {
      'apis/two.yaml': change(two, '- api_key:', '- api_key: { header: X-API-Key }\n      - jwt:'),
    };
    const policy = compile(load({ server, files }).document);
    expect(policy.credentialHeaders).toEqual(['authorization', 'x-api-key']);
    expect(policy.apiByHost.get('two.example')?.index).toBe(1);
  });

  test('reads where the client address stands', () => {
    expect(addressFrom('{ from: peer }')).toEqual({ from: 'peer' });
    expect(addressFrom('{ from: header, header: CF-Connecting-IP }')).toEqual({
      from: 'header',
      header: 'cf-connecting-ip',
    });
    expect(addressFrom('{ from: forwarded_for, trusted_hops: 2 }')).toEqual({
      from: 'forwarded_for',
      trustedHops: 2,
    });
  });

  test('answers a refusal that the API cannot have as the bug that it is', () => {
    const row = compile(load().document).apis[0]?.errors.rows.trial_expired;
    expect([row?.status, row?.message]).toEqual([500, 'Bug']);
  });

  test('takes over a row by same_as, details member by member, and lets it be changed', () => {
    const api = change(
      change(
        API,
        '{ code: forbidden, message: Forbidden }',
        '{ code: forbidden, message: Forbidden, status: 418, details: { why: no, at: 1 } }',
      ),
      'role_missing: { same_as: permission_missing }',
      'role_missing: { same_as: permission_missing, message: No role, details: { why: role } }',
    );
    const row = compile(load({ api }).document).apis[0]?.errors.rows.role_missing;
    expect(row).toEqual({
      status: 418,
      contentType: 'application/json',
      message: 'No role',
      body: ['{"error":{"code":"forbidden","message":"No role","details":{"why":"role","at":1}}}'],
    });
  });
});
