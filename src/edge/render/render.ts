import type { Allow, Decision, RefusalCode } from '../../domain/decision.ts';
import type { ErrorProfile, ErrorRow } from '../../domain/error-profile.ts';
import type { LimitState } from '../../domain/limit.ts';
import type { Api } from '../../domain/policy.ts';
import type { HeaderPair, Reply } from '../../domain/reply.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import { renderUpstreamHeaders } from './identity-headers.ts';
import { findRetryAfterSeconds, renderLimitHeaders } from './limit-headers.ts';
import { renderBody } from './profile.ts';
import { fixedRefusalOf, hasFixedBody } from './refusals.ts';
import { readRequestId } from './request-id.ts';
import { refusalOf } from './status.ts';

export interface RenderInput {
  /** undefined where the host names none. */
  readonly api: Api | undefined;
  readonly errors: ErrorProfile;
  /** The area's `WWW-Authenticate`; '' where the path lies in none. */
  readonly challenge: string;
  readonly decision: Decision;
  readonly request: AuthzRequest;
  /** A new random UUID: asked where a body shows an id and the request brings none. */
  readonly newRequestId: () => string;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Lower case; of all APIs. */
  readonly credentialHeaders: readonly string[];
}

const NO_LIMITS: readonly LimitState[] = [];
const NO_PAIRS: readonly HeaderPair[] = [];
const NO_NAMES: readonly string[] = [];

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
  // Every reply has the same members in the same order, so that whoever reads replies meets one kind of object.
  return {
    allowed: true,
    code: 'ok',
    api: api.name,
    status: 200,
    clientHeaders: renderLimitHeaders(decision.limits ?? NO_LIMITS, api.limitHeaders),
    body: '',
    message: '',
    upstreamSet: upstream.set,
    upstreamRemove: upstream.remove,
    keyId: principal?.keyId ?? '',
    account: principal?.account.id ?? '',
    tier: tier?.name ?? '',
    fault: undefined,
    degraded,
    alike: upstream.alike,
  };
}

/** The answer with which an API refuses for this reason, whatever was decided. */
export function renderRefusal(code: RefusalCode, input: RenderInput): Reply {
  const row = input.errors.rows[code];
  const { replies, headers } = fixedRefusalOf(row, input.challenge);
  if (!isAnybodys(input.decision) || !hasFixedBody(row))
    return renderOneRefusal(code, { row, headers, input });
  const name = input.api?.name ?? '';
  const fault = faultOf(input.decision);
  // A flood of wrong keys gets one answer, made once: 0.15 µs of each here, and the wire may keep its bytes.
  for (const reply of replies) {
    if (reply.code === code && reply.api === name && reply.fault === fault) return reply;
  }
  const reply = renderOneRefusal(code, { row, headers, input });
  replies.push(reply);
  return reply;
}

/** Whether nothing in the decision tells of who asked. */
function isAnybodys({ principal, tier, limits }: Decision): boolean {
  return principal === undefined && tier === undefined && limits === undefined;
}

function faultOf(decision: Decision): Reply['fault'] {
  return decision.kind === 'deny' && 'fault' in decision.denial ? decision.denial.fault : undefined;
}

interface Refused {
  readonly row: ErrorRow;
  /** Of every refusal by this row. */
  readonly headers: readonly HeaderPair[];
  readonly input: RenderInput;
}

function renderOneRefusal(code: RefusalCode, { row, headers, input }: Refused): Reply {
  const { api, decision, request, newRequestId, wallMs } = input;
  const limits = decision.limits ?? NO_LIMITS;
  const retryAfterSeconds = code === 'rate_limited' ? findRetryAfterSeconds(limits) : undefined;
  const requestId = (): string => readRequestId(request) ?? newRequestId();
  return {
    allowed: false,
    code,
    api: api?.name ?? '',
    status: row.status,
    clientHeaders: limits.length === 0 ? headers : withLimits(headers, { limits, retryAfterSeconds, api }),
    body: renderBody(row.body, { requestId, wallMs, retryAfterSeconds }),
    message: row.message,
    upstreamSet: NO_PAIRS,
    upstreamRemove: NO_NAMES,
    keyId: decision.principal?.keyId ?? '',
    account: decision.principal?.account.id ?? '',
    tier: decision.tier?.name ?? '',
    fault: faultOf(decision),
    degraded: undefined,
    alike: undefined,
  };
}

interface Limited {
  readonly limits: readonly LimitState[];
  readonly retryAfterSeconds: number | undefined;
  readonly api: Api | undefined;
}

function withLimits(
  headers: readonly HeaderPair[],
  { limits, retryAfterSeconds, api }: Limited,
): readonly HeaderPair[] {
  const all = [...headers];
  if (retryAfterSeconds !== undefined) all.push(['retry-after', String(retryAfterSeconds)]);
  if (api !== undefined) all.push(...renderLimitHeaders(limits, api.limitHeaders));
  return all;
}
