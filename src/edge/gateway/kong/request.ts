import type { AuthzRequest } from '../../../domain/request.ts';
import { canonicalHost } from '../../../lib/canonical-host.ts';
import { canonicalPath } from '../../../lib/canonical-path.ts';
import { toHeaderLines } from '../../../lib/header-lines.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';
import { ShapeError, record, text, whole } from '../../../lib/shape.ts';
import type { Shape } from '../../../lib/shape.ts';
import type { GatewayMessage } from '../http/dialect.ts';
import { createClientHeaders } from '../http/headers.ts';
import { HEADER_LINES_MAX } from '../http/limits.ts';

/** Names and values in turn, a repeated name once for each of its values. */
type Lines = readonly string[];

const lines: Shape<Lines> = (value, at) => {
  const isLines = Array.isArray(value) && value.length % 2 === 0 && value.length <= 2 * HEADER_LINES_MAX;
  if (!isLines || !value.every((item) => typeof item === 'string')) {
    throw new ShapeError(`${at} must be at most ${HEADER_LINES_MAX} names, each with a value`);
  }
  return value;
};

/** What the plugin says of a request (deploy/kong/kong/plugins/tollgate/facts.lua). */
const facts = record(
  {
    /** Kong's own id of the request, in the form of a UUID. */
    id: text,
    time: text,
    method: text,
    /** Path and query as the client sent them. */
    raw_target: text,
    /** Kong's reading of the path, by which it routes: escapes decoded, dot segments and double slashes resolved. */
    path: text,
    /** Of the request line, where one stands there; else of the header. */
    host: text,
    /** The other end of the connection. */
    peer: text,
    /** The client's address as Kong's `trusted_ips` have it: the peer's unless the peer is trusted. */
    client: text,
    timeout_ms: whole,
  },
  { api: text, headers: lines },
);

/**
 * The Kong plugin's question in Tollgate's words; undefined where it is none.
 *
 * The message is JSON whose strings hold the request's bytes as they are, so it is read one character a byte: what is no UTF-8 stays
 * what it was, as in every other dialect.
 */
export function fromKongMessage({ method, body }: GatewayMessage): AuthzRequest | undefined {
  if (method !== 'POST') return undefined;
  try {
    return toRequest(facts(JSON.parse(body.toString('latin1')), 'the message'));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ShapeError) return undefined;
    throw error;
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function toRequest(told: ReturnType<typeof facts>): AuthzRequest {
  const sent = toHeaderLines(told.headers ?? []);
  return {
    gateway: 'kong',
    gatewayRequestId: told.id,
    gatewayTime: told.time,
    method: told.method,
    target: readTarget(told.raw_target, told.path),
    host: readHost(told.host, sent),
    namedApi: told.api ?? '',
    peerAddress: told.client,
    timeoutMs: Math.max(told.timeout_ms, 1),
    headers: createClientHeaders([...sent, ...toAdded(sent, told)], NOTHING),
  };
}

/**
 * What other gateways put on a request before they ask: the peer's address behind the hops before it, which Kong adds only when its
 * plugins have run, and an id by which support finds the request, which Kong has under a name of its own.
 */
function toAdded(sent: readonly HeaderLine[], { peer, id }: ReturnType<typeof facts>): HeaderLine[] {
  const forwardedFor: HeaderLine = ['x-forwarded-for', peer];
  const hasRequestId = sent.some(([name]) => name === 'x-request-id');
  return hasRequestId ? [forwardedFor] : [forwardedFor, ['x-request-id', id]];
}

/**
 * The path that the upstream gets, which is Kong's reading of it, and the query that was sent. Where the path as it was sent has no
 * single reading it is judged itself, and so refused: Kong would resolve it, but hands it on as `x-forwarded-path` too.
 */
function readTarget(rawTarget: string, path: string): string {
  if (canonicalPath(rawTarget) === undefined) return rawTarget;
  const queryAt = rawTarget.indexOf('?');
  return asForwarded(path) + (queryAt < 0 ? '' : rawTarget.slice(queryAt));
}

const ESCAPED_BY_KONG = /[^!#$&'()*+,/:;=?@[\]A-Za-z0-9\-_.~%]/g;

/** As Kong escapes a path when it forwards it: all but reserved and unreserved characters, in capitals. */
function asForwarded(path: string): string {
  return path.replaceAll(ESCAPED_BY_KONG, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/**
 * The host of the header, by which Kong routes. A request line may name another one (`GET http://other/ HTTP/1.1`), which plugins and
 * applications may take for the request's own (RFC 9112 §3.2.2): two hosts are then told as a list, which is no host.
 */
function readHost(lineHost: string, sent: readonly HeaderLine[]): string {
  const headerHosts = sent.filter(([name]) => name === 'host').map(([, value]) => value);
  const [host = ''] = headerHosts;
  const agree = headerHosts.length < 2 && canonicalHost(host) === canonicalHost(lineHost);
  return agree || host === '' ? host : [lineHost, ...headerHosts].join(',');
}
