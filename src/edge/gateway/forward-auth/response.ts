import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import type { GatewayAnswer } from '../http/dialect.ts';
import { isGrpcCall, toGrpcHeaders } from '../http/grpc-refusal.ts';
import { requireSound } from '../http/refusal.ts';

const ALLOWED = 200;
/** Which headers of an allow are for the upstream, and which the upstream must not receive: for gateways that can be told. */
const SET_HEADER = 'x-tollgate-set';
const REMOVE_HEADER = 'x-tollgate-remove';

/**
 * The answer to a forwarded question: 200 lets pass, everything else goes to the client as it is.
 * Throws where the reply contradicts itself or holds what must not go out.
 */
export function toForwardedAnswer(reply: Reply, request: AuthzRequest): GatewayAnswer {
  requireSound(reply);
  if (reply.allowed) return toAllow(reply);
  if (isGrpcCall(request)) return toDeniedCall(reply);
  return { status: reply.status, headers: reply.clientHeaders, body: reply.body };
}

function toAllow({ upstreamSet, upstreamRemove, clientHeaders }: Reply): GatewayAnswer {
  const present = upstreamSet.filter(([, value]) => value !== '');
  const removed = [
    ...upstreamRemove,
    ...upstreamSet.filter(([, value]) => value === '').map(([name]) => name),
  ];
  return {
    status: ALLOWED,
    headers: [
      ...present,
      ...clientHeaders,
      ...toList(
        SET_HEADER,
        present.map(([name]) => name),
      ),
      ...toList(REMOVE_HEADER, removed),
    ],
    body: '',
  };
}

function toList(header: string, names: readonly string[]): HeaderPair[] {
  return names.length === 0 ? [] : [[header, names.join(',')]];
}

/** A call that ends before it began (gRPC over HTTP/2, "Trailers-Only"). Its HTTP status cannot be 200, which would let it pass; clients look at `grpc-status` first. */
function toDeniedCall(reply: Reply): GatewayAnswer {
  const headers: readonly HeaderPair[] = [
    ['content-type', 'application/grpc'],
    ...toGrpcHeaders(reply),
    ['grpc-message', percentEncoded(reply.message)],
  ];
  return { status: reply.status, headers, body: '' };
}

/** The message's form on the wire: UTF-8, with `%` and all that is not visible ASCII or a blank escaped (gRPC over HTTP/2, "Responses"). */
function percentEncoded(message: string): string {
  return message.replaceAll(/[^\x20-\x24\x26-\x7e]+/g, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
