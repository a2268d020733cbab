import type { Decision, RefusalCode } from '../../domain/decision.ts';

/** The HTTP status of every refusal, unless an API's configuration says otherwise. */
export const STATUS: Readonly<Record<RefusalCode, number>> = {
  request_ambiguous: 400,
  not_found: 404,
  credential_missing: 401,
  credential_invalid: 401,
  address_not_allowed: 403,
  account_suspended: 401,
  account_disabled: 401,
  trial_not_started: 402,
  trial_expired: 402,
  subscription_inactive: 402,
  permission_missing: 403,
  feature_missing: 403,
  role_missing: 403,
  rate_limited: 429,
  insufficient_credits: 402,
  unavailable: 503,
  internal_error: 500,
};

/** Every refusal there is, in the order in which a check meets them. */
export const REFUSAL_CODES = Object.keys(STATUS) as readonly RefusalCode[];

/** Under which code a decision refuses; undefined for an allow and for nothing else. */
export function refusalOf(decision: Decision): RefusalCode | undefined {
  switch (decision.kind) {
    case 'allow':
      return undefined;
    case 'deny':
      return decision.denial.code;
    case 'outage':
      return 'unavailable';
    default:
      return 'internal_error';
  }
}
