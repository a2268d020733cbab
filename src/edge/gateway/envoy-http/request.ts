import type { AuthzRequest } from '../../../domain/request.ts';
import { readOnce } from '../../../lib/header-lines.ts';
import type { GatewayMessage } from '../http/dialect.ts';
import { createClientHeaders, PEER_HEADER, REQUEST_ID_HEADER } from '../http/headers.ts';
import { createUnreadable } from '../http/unreadable.ts';

/** How long Envoy waits for the answer, in whole milliseconds; its own word, which it writes over a client's. */
const TIMEOUT_HEADER = 'x-envoy-expected-rq-timeout-ms';
const TIMEOUT = /^[1-9]\d{0,8}$/;

/** What Envoy says of itself or of the check: none of it came from the client. */
const GATEWAYS_OWN: ReadonlySet<string> = new Set([
  PEER_HEADER,
  REQUEST_ID_HEADER,
  TIMEOUT_HEADER,
  'content-length',
  'host',
  'x-envoy-internal',
]);

/**
 * Envoy's question in Tollgate's words. Method, target and host stand where they stood in the client's request; the client's
 * address and the request's id are in headers that the recipe sets over whatever the client sent.
 */
export function fromEnvoyMessage({ method, target, lines }: GatewayMessage): AuthzRequest {
  const host = readOnce(lines, 'host');
  const peerAddress = readOnce(lines, PEER_HEADER);
  const gatewayRequestId = readOnce(lines, REQUEST_ID_HEADER);
  if (host === undefined || peerAddress === undefined || gatewayRequestId === undefined) {
    return createUnreadable('envoy-http', host ?? '', lines);
  }
  const timeout = readOnce(lines, TIMEOUT_HEADER) ?? '';
  return {
    gateway: 'envoy-http',
    gatewayRequestId,
    gatewayTime: '',
    method,
    target,
    host,
    namedApi: '',
    peerAddress,
    ...(TIMEOUT.test(timeout) ? { timeoutMs: Number(timeout) } : {}),
    headers: createClientHeaders(lines, GATEWAYS_OWN),
  };
}
