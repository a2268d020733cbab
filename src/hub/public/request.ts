import type { IncomingMessage } from 'node:http';
import type { PlainRequest } from '../../domain/request.ts';
import { readOnce, toHeaderLines } from '../../lib/header-lines.ts';

/** Set by the gateway on requests for our own endpoints, in place of whatever the client sent under these names. */
export const GATEWAY_TOKEN_HEADER = 'x-gateway-token';
/** The address at the other end of the gateway's client connection. */
export const GATEWAY_PEER_HEADER = 'x-gateway-peer';

const OURS: ReadonlySet<string> = new Set([GATEWAY_TOKEN_HEADER, GATEWAY_PEER_HEADER]);

/** What the client asked of the gateway, as a check would describe it. What the gateway told us of itself stays here. */
export function fromIncoming(message: IncomingMessage): PlainRequest {
  const lines = toHeaderLines(message.rawHeaders);
  return {
    // The wire counts where checks are counted; an inspection is not.
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: message.method ?? '',
    target: message.url ?? '',
    host: message.headers.host ?? '',
    namedApi: '',
    peerAddress: readOnce(lines, GATEWAY_PEER_HEADER) ?? '',
    headers: lines.filter(([name]) => !OURS.has(name)),
  };
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** The id under which the gateway and its log know the request; '' where it has none, or two. */
export function readRequestId({ headers }: PlainRequest): string {
  const id = readOnce(headers, 'x-request-id') ?? '';
  return REQUEST_ID.test(id) ? id : '';
}
