import type { RefusalCode } from '../domain/decision.ts';
import type { ErrorProfile } from '../domain/error-profile.ts';
import type { RowText } from '../edge/render/json-template.ts';
import { compileErrors } from '../edge/render/profile.ts';
import { REFUSAL_CODES, STATUS } from '../edge/render/status.ts';

/** What is said where no API's own table speaks: to hosts that are not configured. */
const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  request_ambiguous: 'Bad request',
  not_found: 'Not found',
  credential_missing: 'Missing credentials',
  credential_invalid: 'Invalid credentials',
  address_not_allowed: 'Forbidden',
  account_suspended: 'Invalid credentials',
  account_disabled: 'Invalid credentials',
  trial_not_started: 'Payment required',
  trial_expired: 'Payment required',
  subscription_inactive: 'Payment required',
  permission_missing: 'Forbidden',
  feature_missing: 'Forbidden',
  role_missing: 'Forbidden',
  rate_limited: 'Too many requests',
  insufficient_credits: 'Payment required',
  unavailable: 'Service unavailable',
  internal_error: 'Internal server error',
};

export function fallbackRow(code: RefusalCode): RowText {
  return { status: STATUS[code], code, message: MESSAGES[code], details: {} };
}

/** `{"error":{"code":"not_found","message":"Not found"}}` */
export function compileFallbackErrors(): ErrorProfile {
  const rows = REFUSAL_CODES.map((code) => [code, fallbackRow(code)] as const);
  return compileErrors({
    body: { error: { code: '$code', message: '$message' } },
    contentType: 'application/json',
    rows: Object.fromEntries(rows) as Record<RefusalCode, RowText>,
  });
}
