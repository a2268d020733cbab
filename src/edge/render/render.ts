import type { Allow, Decision, RefusalCode } from '../../domain/decision.ts';
import type { ErrorProfile, ErrorRow } from '../../domain/error-profile.ts';
import type { Api } from '../../domain/policy.ts';
import type { HeaderPair, Reply } from '../../domain/reply.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import { renderUpstreamHeaders } from './identity-headers.ts';
import { findRetryAfterSeconds, renderLimitHeaders } from './limit-headers.ts';
import { renderBody, toHoleValues } from './profile.ts';
import { refusalOf } from './status.ts';

export interface RenderInput {
  /** undefined where the host names none. */
  readonly api: Api | undefined;
  readonly errors: ErrorProfile;
  /** The area's `WWW-Authenticate`; '' where the path lies in none. */
  readonly challenge: string;
  readonly decision: Decision;
  readonly request: AuthzRequest;
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Lower case; of all APIs. */
  readonly credentialHeaders: readonly string[];
}

/** A 401 always has a challenge (RFC 9110 §11.6.1), also where an API's table gives that status to a refusal outside every area. */
const CHALLENGE_ELSEWHERE = 'Bearer';

/** The answer to a check. It allows where the decision is an allow of a known API, and never else. */
export function renderReply(input: RenderInput): Reply {
  const { api, decision } = input;
  const code = refusalOf(decision);
  if (code !== undefined) return renderRefusal(code, input);
  if (api === undefined || decision.kind !== 'allow') return renderRefusal('internal_error', input);
  return renderAllow(api, decision, input) ?? renderRefusal('internal_error', input);
}

/** undefined where the identity cannot be passed on. */
function renderAllow(api: Api, decision: Allow, input: RenderInput): Reply | undefined {
  const { principal, tier, degraded } = decision;
  const upstream = renderUpstreamHeaders(
    { api, principal, tier },
    input.request.headers,
    input.credentialHeaders,
  );
  if (upstream === undefined) return undefined;
  return {
    ...renderFacts(input),
    allowed: true,
    code: 'ok',
    status: 200,
    clientHeaders: renderLimitHeaders(decision.limits ?? [], api.limitHeaders),
    body: '',
    message: '',
    upstreamSet: upstream.set,
    upstreamRemove: upstream.remove,
    ...(degraded === undefined ? {} : { degraded }),
  };
}

/** The answer with which an API refuses for this reason, whatever was decided. */
export function renderRefusal(code: RefusalCode, input: RenderInput): Reply {
  const row = input.errors.rows[code];
  const retryAfterSeconds =
    code === 'rate_limited' ? findRetryAfterSeconds(input.decision.limits ?? []) : undefined;
  return {
    ...renderFacts(input),
    allowed: false,
    code,
    status: row.status,
    clientHeaders: renderRefusalHeaders(row, retryAfterSeconds, input),
    body: renderBody(row.body, toHoleValues({ ...input, retryAfterSeconds })),
    message: row.message,
    upstreamSet: [],
    upstreamRemove: [],
  };
}

function renderRefusalHeaders(
  row: ErrorRow,
  retryAfterSeconds: number | undefined,
  { api, challenge, decision }: RenderInput,
): HeaderPair[] {
  const headers: HeaderPair[] = [
    ['content-type', row.contentType],
    ['cache-control', 'no-store'],
  ];
  if (row.status === 401) headers.push(['www-authenticate', challenge || CHALLENGE_ELSEWHERE]);
  if (retryAfterSeconds !== undefined) headers.push(['retry-after', String(retryAfterSeconds)]);
  if (api !== undefined) headers.push(...renderLimitHeaders(decision.limits ?? [], api.limitHeaders));
  return headers;
}

/** Who asked and what was wrong, as far as it is known: for access logs. */
function renderFacts({
  api,
  decision,
}: RenderInput): Pick<Reply, 'api' | 'keyId' | 'account' | 'tier' | 'fault'> {
  const fault =
    decision.kind === 'deny' && 'fault' in decision.denial ? { fault: decision.denial.fault } : {};
  return {
    ...fault,
    api: api?.name ?? '',
    keyId: decision.principal?.keyId ?? '',
    account: decision.principal?.account.id ?? '',
    tier: decision.tier?.name ?? '',
  };
}
