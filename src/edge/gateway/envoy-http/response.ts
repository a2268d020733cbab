import type { Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import type { GatewayAnswer } from '../http/dialect.ts';
import { isGrpcCall, toGrpcHeaders } from '../http/grpc-refusal.ts';
import { requireSound } from '../http/refusal.ts';

/** Exactly this lets a request pass. */
const ALLOWED = 200;
const SERVER_ERRORS = 500;
/** Envoy takes every 5xx for an answer that failed: its body is lost, and a filter that is set to fail open lets the request pass. So a refusal with 503 is answered as 473, and the recipe gives it its status back. */
const SHIFT = 30;

/** Envoy's answer. Throws where the reply contradicts itself or holds what must not go out. */
export function toEnvoyAnswer(reply: Reply, request: AuthzRequest): GatewayAnswer {
  requireSound(reply);
  if (reply.allowed) return toAllow(reply);
  const status = toShiftedStatus(reply.status);
  // Envoy words the refusal of a call itself: it makes `grpc-message` of the body.
  if (isGrpcCall(request)) return { status, headers: toGrpcHeaders(reply), body: reply.message };
  return { status, headers: reply.clientHeaders, body: reply.body };
}

/** Which of these go upstream and which to the client the recipe says, name by name. An empty value becomes a removal. */
function toAllow({ upstreamSet, upstreamRemove, clientHeaders }: Reply): GatewayAnswer {
  const blank = upstreamSet.filter(([, value]) => value === '').map(([name]) => name);
  const present = upstreamSet.filter(([, value]) => value !== '');
  const removed = [...upstreamRemove, ...blank];
  return {
    status: ALLOWED,
    headers: [
      ...present,
      ...clientHeaders,
      ...(removed.length === 0 ? [] : [['x-envoy-auth-headers-to-remove', removed.join(',')] as const]),
    ],
    body: '',
  };
}

/** 500 to 529 become 470 to 499, which no table of an API uses; other server errors become the one for an outage. */
function toShiftedStatus(status: number): number {
  if (status < SERVER_ERRORS) return status;
  const shifted = status - SHIFT;
  return shifted < SERVER_ERRORS ? shifted : OUTAGE_SHIFTED;
}

const OUTAGE_SHIFTED = 503 - SHIFT;
