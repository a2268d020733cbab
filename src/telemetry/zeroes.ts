import {
  CREDENTIAL_FAULTS,
  DEPENDENCIES,
  GRPC_REFUSALS,
  HTTP_REFUSALS,
  PLACE_FAULTS,
  REPLY_CODES,
  REQUEST_FAULTS,
  decisionOf,
  windowsOf,
} from '../domain/measurements.ts';
import type { Increment } from '../domain/measurements.ts';
import type { Api } from '../domain/policy.ts';
import type { GatewayName } from '../domain/request.ts';

/**
 * Every series of checks that can be, at 0: a counter that appears with its first event has no rate, and the first
 * outage would raise no alarm.
 */
export function toZeroes(
  apis: readonly Pick<Api, 'name' | 'tiers'>[],
  gateways: readonly GatewayName[],
): Increment[] {
  const all = [{ name: '', tiers: [] }, ...apis];
  const ofApis = all.flatMap(({ name: api, tiers }): Increment[] => [
    ...gateways.flatMap((gateway) =>
      REPLY_CODES.map((code): Increment => {
        const labels = { api, gateway, decision: decisionOf(code), code };
        return { metric: 'tollgate_checks_total', labels, by: 0 };
      }),
    ),
    ...CREDENTIAL_FAULTS.map((fault): Increment => ({
      metric: 'tollgate_invalid_credentials_total',
      labels: { api, fault },
      by: 0,
    })),
    ...REQUEST_FAULTS.map((fault): Increment => ({
      metric: 'tollgate_ambiguous_requests_total',
      labels: { api, fault },
      by: 0,
    })),
    ...PLACE_FAULTS.map((fault): Increment => ({
      metric: 'tollgate_not_found_total',
      labels: { api, fault },
      by: 0,
    })),
    ...windowsOf({ tiers }).map((window): Increment => ({
      metric: 'tollgate_limit_denials_total',
      labels: { api, window },
      by: 0,
    })),
    ...DEPENDENCIES.flatMap((dependency): Increment[] => [
      { metric: 'tollgate_outages_total', labels: { api, dependency }, by: 0 },
      { metric: 'tollgate_degraded_total', labels: { api, dependency }, by: 0 },
    ]),
    { metric: 'tollgate_repeats_total', labels: { api }, by: 0 },
    { metric: 'tollgate_credits_spent_total', labels: { api }, by: 0 },
  ]);
  return [...ofApis, ...DOOR_ZEROES];
}

const DOOR_ZEROES: readonly Increment[] = [
  ...GRPC_REFUSALS.map((reason): Increment => ({
    metric: 'tollgate_grpc_refusals_total',
    labels: { reason },
    by: 0,
  })),
  ...HTTP_REFUSALS.map((reason): Increment => ({
    metric: 'tollgate_http_refusals_total',
    labels: { reason },
    by: 0,
  })),
  { metric: 'tollgate_grpc_bytes_total', labels: { direction: 'received' }, by: 0 },
  { metric: 'tollgate_grpc_bytes_total', labels: { direction: 'sent' }, by: 0 },
];
