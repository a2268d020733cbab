import type { AuthzRequest } from '../../../domain/request.ts';
import { readOnce } from '../../../lib/header-lines.ts';
import type { GatewayMessage } from '../http/dialect.ts';
import { createClientHeaders, PEER_HEADER, REQUEST_ID_HEADER } from '../http/headers.ts';
import { createUnreadable } from '../http/unreadable.ts';

/** What the recipe sets over whatever the client sent. All of it must come: what one forgets, a client could say. */
const METHOD_HEADER = 'x-original-method';
const TARGET_HEADER = 'x-original-uri';
const HOST_HEADER = 'x-original-host';

/** What NGINX says of itself or of its question; the question's own headers are not the client's. */
const GATEWAYS_OWN: ReadonlySet<string> = new Set([
  METHOD_HEADER,
  TARGET_HEADER,
  HOST_HEADER,
  PEER_HEADER,
  REQUEST_ID_HEADER,
  'connection',
  'content-length',
  'host',
]);

/** The question of NGINX's `auth_request` in Tollgate's words: its own request line says nothing, its headers everything. */
export function fromNginxMessage({ lines }: GatewayMessage): AuthzRequest {
  const method = readOnce(lines, METHOD_HEADER);
  const target = readOnce(lines, TARGET_HEADER);
  const host = readOnce(lines, HOST_HEADER);
  const peerAddress = readOnce(lines, PEER_HEADER);
  const gatewayRequestId = readOnce(lines, REQUEST_ID_HEADER);
  const isWhole = method !== undefined && target !== undefined && host !== undefined;
  if (!isWhole || peerAddress === undefined || gatewayRequestId === undefined) {
    return createUnreadable('nginx', host ?? '', lines);
  }
  return {
    gateway: 'nginx',
    gatewayRequestId,
    gatewayTime: '',
    method,
    target,
    host,
    namedApi: '',
    peerAddress,
    headers: createClientHeaders(lines, GATEWAYS_OWN),
  };
}
