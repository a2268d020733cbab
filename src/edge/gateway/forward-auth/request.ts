import type { AuthzRequest } from '../../../domain/request.ts';
import { readOnce } from '../../../lib/header-lines.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';
import type { GatewayMessage } from '../http/dialect.ts';
import { createClientHeaders } from '../http/headers.ts';
import { createUnreadable } from '../http/unreadable.ts';

/** What these gateways set over whatever the client sent. */
const METHOD_HEADER = 'x-forwarded-method';
const TARGET_HEADER = 'x-forwarded-uri';
const HOST_HEADER = 'x-forwarded-host';
/** The last address in it is the peer's; those before it are trusted proxies' words, for whoever counts them. */
const ADDRESSES_HEADER = 'x-forwarded-for';

/** What the gateway says of itself or of its question; the question's own headers are not the client's. */
const GATEWAYS_OWN: ReadonlySet<string> = new Set([
  METHOD_HEADER,
  TARGET_HEADER,
  HOST_HEADER,
  'content-length',
  'host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
]);

/**
 * The question of Caddy's `forward_auth`, Traefik's ForwardAuth and our HAProxy action in Tollgate's words: its own request
 * line says nothing, its headers everything.
 */
export function fromForwardedMessage({ lines }: GatewayMessage): AuthzRequest {
  const method = readOnce(lines, METHOD_HEADER);
  const target = readOnce(lines, TARGET_HEADER);
  const host = readOnce(lines, HOST_HEADER);
  const peerAddress = readPeerAddress(lines);
  const isWhole = method !== undefined && target !== undefined && host !== undefined;
  if (!isWhole || peerAddress === undefined || lines.some(hasAliasName)) {
    return createUnreadable('forward-auth', host ?? '', lines);
  }
  return {
    gateway: 'forward-auth',
    // None of them has an id that a client could not have sent.
    gatewayRequestId: '',
    gatewayTime: '',
    method,
    target,
    host,
    namedApi: '',
    peerAddress,
    headers: createClientHeaders(lines, GATEWAYS_OWN),
  };
}

function readPeerAddress(lines: readonly HeaderLine[]): string | undefined {
  const addresses = readOnce(lines, ADDRESSES_HEADER);
  return addresses?.slice(addresses.lastIndexOf(',') + 1).trim();
}

const PLAIN_NAME = /^[a-z0-9-]+$/;

/** Frameworks take `X_Account_Id` for `X-Account-Id`, and these gateways take away only what their configuration names: such a request is refused as a whole. */
function hasAliasName([name]: HeaderLine): boolean {
  return !PLAIN_NAME.test(name);
}
