import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/config/compile.ts';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { createEndpointPlaces } from '../../../src/edge/endpoints.ts';
import { createTestClock, createTestRequestIds } from '../../world.ts';
import { API, change, load } from '../config/world.ts';

const ENDPOINTS = `sessions: { issuer: https://one.example }
endpoints:
  me: { path: /v1/me, body: {} }
  session_create: { path: /v1/token, body: {} }
  oauth_token: {}
  jwks: {}
`;
const WITH_JWT = change(
  API,
  '      - api_key: { header: Authorization, scheme: Bearer }\n',
  '      - api_key: { header: Authorization, scheme: Bearer }\n      - jwt: { header: Authorization, scheme: Bearer }\n',
);
const api = change(WITH_JWT, 'errors:\n', `${ENDPOINTS}errors:\n`);
const places = createEndpointPlaces(compile(load({ api }).document), {
  clock: createTestClock(Date.UTC(2026, 1, 4, 12)),
  newRequestId: createTestRequestIds().next,
});

function request(method: string, target: string, change: Partial<AuthzRequest> = {}): AuthzRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method,
    target,
    host: 'one.example',
    namedApi: '',
    peerAddress: '::ffff:192.0.2.7',
    headers: { all: () => [], names: () => [] },
    ...change,
  };
}

describe('the places of our endpoints', () => {
  test.each([
    ['GET', '/v1/me', 'me', '/v1'],
    ['HEAD', '/v1/me', 'me', '/v1'],
    ['POST', '/v1/token', 'session_create', '/v1'],
    ['POST', '/oauth/token', 'oauth_token', '/oauth/token'],
    ['GET', '/.well-known/jwks.json', 'jwks', '/.well-known/jwks.json'],
    ['HEAD', '/.well-known/jwks.json', 'jwks', '/.well-known/jwks.json'],
  ])('%s %s is %s, in the area whose credentials open it', (method, target, name, prefix) => {
    expect(places.find(request(method, target))).toMatchObject({
      name,
      api: { name: 'one' },
      area: { prefix },
      clientAddress: '192.0.2.7',
    });
  });

  test('know no address that cannot be read', () => {
    const place = places.find(request('POST', '/oauth/token', { peerAddress: 'unknown' }));
    expect(place).toMatchObject({ clientAddress: '' });
  });

  test.each([
    ['GET', '/v1/token', 'POST'],
    ['HEAD', '/oauth/token', 'POST'],
    ['OPTIONS', '/oauth/token', 'POST'],
    ['post', '/oauth/token', 'POST'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
  ])('%s %s is told that there is only %s', (method, target, allow) => {
    expect(places.find(request(method, target))).toMatchObject({ allow });
  });

  test.each([
    ['POST', '/v1/me', 'not_found'],
    ['GET', '/v1/other', 'not_found'],
    ['POST', '/oauth/token/more', 'not_found'],
    ['POST', '/oauth', 'not_found'],
    ['POST', '/oauth/token/', 'oauth_token'],
    ['POST', '/oauth/%74oken', 'oauth_token'],
    ['POST', '/oauth//token', 'request_ambiguous'],
    ['POST', '/oauth/token;a', 'request_ambiguous'],
  ])('%s %s is %s', (method, target, expected) => {
    const place = places.find(request(method, target));
    expect(typeof place === 'string' ? place : place.name).toBe(expected);
  });

  test('are of the host’s API alone', () => {
    expect(places.find(request('POST', '/oauth/token', { host: 'two.example' }))).toBe('not_found');
  });
});
