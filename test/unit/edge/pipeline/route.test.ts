import { describe, expect, test } from 'vitest';
import type { Api, Area, Policy, Route, RouteNode } from '../../../../src/domain/policy.ts';
import { findPlace } from '../../../../src/edge/pipeline/route.ts';
import { requestOf } from './request.ts';

const route = (role: string): Route => ({ cost: 0, permission: '', feature: '', role });

interface Draft {
  literal: Map<string, Draft>;
  any: Draft | undefined;
  here: Map<string, Route>;
  below: Map<string, Route>;
}
const draft = (): Draft => ({ literal: new Map(), any: undefined, here: new Map(), below: new Map() });

/** A trie from lines such as `GET /a/*`; each route's role is its line. */
function trieOf(...lines: string[]): RouteNode {
  const root = draft();
  for (const line of lines) {
    const [method = '', path = ''] = line.split(' ');
    let node = root;
    const segments = path.split('/').slice(1);
    const open = segments.at(-1) === '**';
    for (const segment of open ? segments.slice(0, -1) : segments) {
      if (segment === '*') node = node.any ??= draft();
      else {
        const next = node.literal.get(segment) ?? draft();
        node.literal.set(segment, next);
        node = next;
      }
    }
    (open ? node.below : node.here).set(method, route(line));
  }
  return root;
}

function areaOf(prefix: string, ...lines: string[]): Area {
  return {
    prefix,
    depth: prefix.split('/').length - 1,
    credentials: [],
    challenge: '',
    preflight: 'check',
    routes: trieOf(...lines),
  };
}

function policyOf(...areas: Area[]): Policy {
  const api = { name: 'one', areas } as unknown as Api;
  return {
    apis: [api],
    apiByHost: new Map([['api.example.com', api]]),
    credentialHeaders: [],
  } as unknown as Policy;
}

const policy = policyOf(
  areaOf('/api/public/v1', '* /**', 'POST /files', 'GET /files/*', '* /files/*/raw', '* /admin/**'),
  areaOf('/api', 'GET /health'),
);

const find = (target: string, method = 'GET') => findPlace(policy, requestOf({ target, method }));

describe('the most specific route', () => {
  test.each([
    ['/api/public/v1/videos', 'GET', '* /**'],
    ['/api/public/v1', 'GET', '* /**'],
    ['/api/public/v1/', 'GET', '* /**'],
    ['/api/public/v1/files', 'POST', 'POST /files'],
    ['/api/public/v1/files', 'GET', '* /**'],
    ['/api/public/v1/files/7', 'GET', 'GET /files/*'],
    ['/api/public/v1/files/7', 'HEAD', 'GET /files/*'],
    ['/api/public/v1/files/7', 'DELETE', '* /**'],
    ['/api/public/v1/files/7/raw', 'DELETE', '* /files/*/raw'],
    ['/api/public/v1/files', 'M-SEARCH', '* /**'],
    ['/api/public/v1/files/7/other', 'GET', '* /**'],
    ['/api/public/v1/admin', 'GET', '* /admin/**'],
    ['/api/public/v1/admin/', 'GET', '* /admin/**'],
    ['/api/public/v1/admin/a/b?x=/../', 'GET', '* /admin/**'],
    ['/api/health', 'GET', 'GET /health'],
  ])('of %s %s is %s', (target, method, role) => {
    expect(find(target, method).route?.role).toBe(role);
  });
});

describe('nothing is found', () => {
  test.each([
    ['/api/public/v10/videos', 'GET', { code: 'not_found', fault: 'no_route' }],
    ['/api/health', 'POST', { code: 'not_found', fault: 'no_route' }],
    ['/apiary', 'GET', { code: 'not_found', fault: 'no_area' }],
    ['/', 'GET', { code: 'not_found', fault: 'no_area' }],
    ['//api/health', 'GET', { code: 'request_ambiguous', fault: 'path_segments' }],
    ['/api/%2e%2e/health', 'GET', { code: 'request_ambiguous', fault: 'path_segments' }],
    ['', 'CONNECT', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/health', 'CONNECT', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/public/v1/files', 'post', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/public/v1/files', 'Post', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/public/v1/files', 'POST ', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/public/v1/files', 'PO\u017fT', { code: 'request_ambiguous', fault: 'method' }],
    ['/api/public/v1/files', '', { code: 'request_ambiguous', fault: 'unreadable' }],
  ])('at %s for %s', (target, method, denial) => {
    expect(find(target, method).denial).toEqual(denial);
  });

  test('for a host that no API has', () => {
    const place = findPlace(policy, requestOf({ target: '/api/health', host: 'other.example' }));
    expect(place).toEqual({ api: undefined, denial: { code: 'not_found', fault: 'no_host' } });
  });

  test('where the gateway names another API than the host does', () => {
    const at = (namedApi: string) => findPlace(policy, requestOf({ target: '/api/health', namedApi })).denial;
    expect(at('two')).toEqual({ code: 'not_found', fault: 'other_api' });
    expect(at('one')).toBeUndefined();
  });
});
