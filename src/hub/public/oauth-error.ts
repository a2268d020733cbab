import type { RefusalCode } from '../../domain/decision.ts';
import type { HeaderPair } from '../../domain/reply.ts';
import type { Answer, Refusal } from './answer.ts';

/** RFC 6749 §5.2; the last two of §4.1.2.1, for what the others have no word for. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error';

const STATUSES: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503,
  server_error: 500,
};

export interface OAuthError {
  readonly error: OAuthErrorCode;
  /** A sentence of ours, never what a client sent. */
  readonly description: string;
  readonly status?: number;
  readonly headers?: readonly HeaderPair[];
}

/** Whoever keeps answers of this kind keeps secrets (RFC 6749 §5.1). */
export const OAUTH_HEADERS: readonly HeaderPair[] = [
  ['content-type', 'application/json'],
  ['cache-control', 'no-store'],
  ['pragma', 'no-cache'],
];

/** `realm`: the API's name, told with a 401 (RFC 6749 §5.2, RFC 7617 §2). */
export function toOAuthAnswer(
  { error, description, status, headers = [] }: OAuthError,
  realm: string,
): Answer {
  const challenge: readonly HeaderPair[] =
    error === 'invalid_client' ? [['www-authenticate', `Basic realm="${realm}"`]] : [];
  return {
    status: status ?? STATUSES[error],
    clientHeaders: [...OAUTH_HEADERS, ...challenge, ...headers],
    body: JSON.stringify({ error, error_description: description }),
  };
}

const WRONG_CLIENT = {
  error: 'invalid_client',
  description: 'the client is unknown, or its key is wrong',
} as const;
const UNPAID = {
  error: 'unauthorized_client',
  description: "the account's subscription allows nothing",
} as const;
const FORBIDDEN = { error: 'unauthorized_client', description: 'the key may not be used for this' } as const;
const UNREADABLE = { error: 'invalid_request', description: 'the request cannot be understood' } as const;
const BUSY: OAuthError = {
  error: 'temporarily_unavailable',
  description: 'try again',
  headers: [['retry-after', '1']],
};

/** Every refusal of the pipeline in the words of OAuth. */
const ERRORS: Readonly<Record<RefusalCode, OAuthError>> = {
  request_ambiguous: UNREADABLE,
  not_found: { ...UNREADABLE, status: 404 },
  credential_missing: { error: 'invalid_client', description: 'the client has to show its key' },
  credential_invalid: WRONG_CLIENT,
  account_suspended: WRONG_CLIENT,
  account_disabled: WRONG_CLIENT,
  address_not_allowed: {
    error: 'unauthorized_client',
    description: 'the key is not allowed from this address',
  },
  trial_not_started: UNPAID,
  trial_expired: UNPAID,
  subscription_inactive: UNPAID,
  insufficient_credits: UNPAID,
  permission_missing: FORBIDDEN,
  feature_missing: FORBIDDEN,
  role_missing: FORBIDDEN,
  rate_limited: {
    error: 'temporarily_unavailable',
    description: 'too many requests of this kind',
    status: 429,
  },
  unavailable: BUSY,
  internal_error: { error: 'server_error', description: 'the request failed' },
};

export function refuseInOAuth({ refuse, status, headers = [] }: Refusal, realm: string): Answer {
  const known = ERRORS[refuse];
  const error = { ...known, headers: [...(known.headers ?? []), ...headers] };
  return toOAuthAnswer(status === undefined ? error : { ...error, status }, realm);
}
