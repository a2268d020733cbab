import type { LintRule } from '../rule.ts';

/** Of a check that asks over HTTP, and of the gateway's token that it shows. */
export const ENVOY_HTTP_CHECK_RULES: readonly LintRule[] = [
  {
    id: 'envoy-http-allowed-headers',
    on: 'envoy check over http',
    severity: 'mute',
    at: ['allowed_headers', 'patterns', '*'],
    expect: { covers: 'credential headers' },
    why: 'In HTTP mode Envoy sends of all headers only Authorization: other credentials count as missing.',
    change: 'allowed_headers: { patterns: [{ exact: x-api-key }, …] }',
  },
  {
    id: 'envoy-http-identity',
    on: 'envoy check over http',
    severity: 'unsafe',
    at: ['http_service', 'authorization_response', 'allowed_upstream_headers', 'patterns', '*'],
    expect: { covers: 'identity headers' },
    why: "Identity headers that are not listed stay as the client sent them: Tollgate's are dropped.",
    change: 'allowed_upstream_headers: { patterns: [{ exact: x-account-id }, …] }',
  },
  {
    id: 'envoy-http-append',
    on: 'envoy check over http',
    severity: 'unsafe',
    at: ['http_service', 'authorization_response', 'allowed_upstream_headers_to_append'],
    expect: { absent: true },
    why: 'A forged identity header stays in front of the true one.',
    change: 'use allowed_upstream_headers, which overwrites',
  },
  {
    id: 'envoy-http-client-headers',
    on: 'envoy check over http',
    severity: 'mute',
    at: ['http_service', 'authorization_response', 'allowed_client_headers', 'patterns', '*'],
    expect: {
      covers: [
        'content-type',
        'retry-after',
        'cache-control',
        'ratelimit',
        'ratelimit-policy',
        'x-ratelimit-limit',
      ],
      orAbsent: true,
    },
    why: 'Once there is a list, a refusal loses the headers outside it: its type, when to try again, the limits.',
    change:
      'remove allowed_client_headers, or list content-type, retry-after, cache-control, ratelimit, ratelimit-policy and x-ratelimit-*',
  },
  {
    id: 'envoy-http-timeout',
    on: 'envoy check over http',
    severity: 'mute',
    at: ['http_service', 'server_uri', 'timeout'],
    expect: { outlastsBudget: { atMostMs: 5_000 } },
    why: "Tollgate refuses in the API's words when its budget is used up; a shorter time-out is faster and mute.",
    change: 'timeout: 0.5s',
  },
  {
    id: 'envoy-http-token',
    on: 'envoy check over http',
    severity: 'mute',
    at: ['http_service', 'authorization_request', 'headers_to_add', '*', 'key'],
    expect: { covers: ['x-gateway-token'] },
    why: "Tollgate's HTTP listener answers nobody who does not show the gateway's token.",
    change: "headers_to_add: [{ key: x-gateway-token, value: '%ENVIRONMENT(TOLLGATE_GATEWAY_TOKEN)%' }]",
  },
  {
    id: 'envoy-written-token',
    on: 'envoy gateway token',
    severity: 'unsafe',
    at: ['value'],
    expect: { matches: /^%(?:ENVIRONMENT|FILE_CONTENT)\(/ },
    why: "Tollgate takes the word of whoever shows the gateway's token, which does not belong into a file that people share.",
    change: "value: '%ENVIRONMENT(TOLLGATE_GATEWAY_TOKEN)%'",
  },
];
