import type { LintRule } from '../rule.ts';

/** Of a check that asks over gRPC, and of the cluster that it asks. */
export const ENVOY_GRPC_CHECK_RULES: readonly LintRule[] = [
  {
    id: 'envoy-grpc-allowed-headers',
    on: 'envoy check over grpc',
    severity: 'mute',
    at: ['allowed_headers', 'patterns', '*'],
    expect: { covers: 'credential headers', orAbsent: true },
    why: 'Once there is a list, headers outside it are not sent: their credentials count as missing.',
    change: 'remove allowed_headers, or list every credential header',
  },
  {
    id: 'envoy-raw-headers',
    on: 'envoy check over grpc',
    severity: 'unsafe',
    at: ['encode_raw_headers'],
    expect: { is: [true] },
    why: 'Repeated header lines are joined before Tollgate sees them, and bytes that are no UTF-8 are changed.',
    change: 'encode_raw_headers: true',
  },
  {
    id: 'envoy-grpc-timeout',
    on: 'envoy check over grpc',
    severity: 'mute',
    at: ['grpc_service', 'timeout'],
    expect: { outlastsBudget: { atMostMs: 5_000 } },
    why: "Tollgate refuses in the API's words when its budget is used up; a shorter time-out is faster and mute, a long one lets requests pile up.",
    change: 'timeout: 0.5s',
  },
  {
    id: 'envoy-retry-pause',
    on: 'envoy check over grpc',
    severity: 'fragile',
    at: ['grpc_service', 'retry_policy', 'retry_back_off', 'base_interval'],
    expect: { matches: /^0\.0[1-5]\d*s$/ },
    why: 'Without a retry that starts at once, a restart of one server costs requests. Unset, the first pause is up to a second.',
    change: 'retry_policy: { …, retry_back_off: { base_interval: 0.01s, max_interval: 0.2s } }',
  },
  {
    id: 'envoy-retry-timeout',
    on: 'envoy check over grpc',
    severity: 'fragile',
    at: ['grpc_service', 'retry_policy', 'retry_back_off', 'max_interval'],
    expect: { outlastsBudget: { atMostMs: 1_000 } },
    why: 'max_interval is also the time-out of each try: shorter than the budget it repeats checks that are being answered.',
    change: 'retry_back_off: { base_interval: 0.01s, max_interval: 0.2s }',
  },
  {
    id: 'envoy-cluster-retries',
    on: 'envoy check cluster',
    severity: 'fragile',
    at: ['circuit_breakers', 'thresholds', '*', 'max_retries'],
    expect: { atLeast: 16 },
    why: 'The default of three retries at a time is used up by the first restart under load, and the rest is refused.',
    change:
      'circuit_breakers: { thresholds: [{ max_requests: 4096, max_pending_requests: 4096, max_retries: 64 }] }',
  },
  {
    id: 'envoy-cluster-health',
    on: 'envoy check cluster',
    severity: 'fragile',
    at: ['health_checks'],
    expect: { present: true },
    why: 'A server that says it is stopping goes on being asked.',
    change:
      'health_checks: [{ timeout: 1s, interval: 5s, unhealthy_threshold: 2, healthy_threshold: 1, grpc_health_check: { service_name: envoy.service.auth.v3.Authorization } }]',
  },
];
