import type {
  AttributeContext_HttpRequest,
  AttributeContext_Peer,
  AttributeContext_Request,
  CheckRequest,
  HeaderValue,
} from '@envoyproxy/ext-authz-types';
import type { AuthzRequest, RequestHeaders } from '../../../../../src/domain/request.ts';

const NO_LINES: readonly HeaderValue[] = [];
const NO_JOINED: ReadonlyMap<string, string> = new Map();
const NANOS_DIGITS = 9;

/**
 * Envoy's question in Tollgate's words, by way of the generated codec: what `request.ts` is held to. Total: whatever is absent becomes ''.
 *
 * Envoy sends headers either line by line as bytes (`header_map`, with `encode_raw_headers: true`) or joined into a map.
 * Should both come, the lines win name by name and nothing of the map is lost. Header values are cut out when they are asked for.
 * `timeoutMs` is how long Envoy waits; Infinity where it does not say.
 */
export function fromCheckRequest(check: CheckRequest, timeoutMs = Infinity): AuthzRequest {
  const attributes = check.attributes;
  const http = attributes?.request?.http;
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: http?.id ?? '',
    gatewayTime: readTime(attributes?.request),
    method: http?.method ?? '',
    target: http?.path ?? '',
    host: http?.host ?? '',
    namedApi: attributes?.contextExtensions.get('api') ?? '',
    peerAddress: readPeerAddress(attributes?.source),
    timeoutMs,
    headers: createHeaders(http),
  };
}

/** Seconds since the Unix epoch with all nine decimals: the text only ever has to differ where the time does. */
function readTime(request: AttributeContext_Request | undefined): string {
  const time = request?.time;
  return time === undefined ? '' : `${time.seconds}.${String(time.nanos).padStart(NANOS_DIGITS, '0')}`;
}

/** The TCP peer (or what the PROXY protocol said of it): an IP address. Pipes and Envoy's internal listeners have none. */
function readPeerAddress(peer: AttributeContext_Peer | undefined): string {
  const address = peer?.address?.address;
  return address?.$case === 'socketAddress' ? address.value.address : '';
}

function createHeaders(http: AttributeContext_HttpRequest | undefined): RequestHeaders {
  const lines = http?.headerMap?.headers ?? NO_LINES;
  const joined = http?.headers ?? NO_JOINED;
  return {
    all(name) {
      if (isPseudo(name)) return [];
      const values = readLines(lines, name);
      return values.length > 0 ? values : readJoined(joined, name);
    },
    names: () => readNames(lines, joined),
  };
}

function readLines(lines: readonly HeaderValue[], name: string): string[] {
  const values: string[] = [];
  for (const line of lines) {
    if (isNamed(line.key, name)) values.push(readValue(line));
  }
  return values;
}

function readJoined(joined: ReadonlyMap<string, string>, name: string): string[] {
  const exact = joined.get(name);
  if (exact !== undefined) return [exact];
  const values: string[] = [];
  for (const [key, value] of joined) {
    if (isNamed(key, name)) values.push(value);
  }
  return values;
}

function readNames(lines: readonly HeaderValue[], joined: ReadonlyMap<string, string>): Set<string> {
  const names = new Set<string>();
  for (const line of lines) {
    if (!isPseudo(line.key)) names.add(line.key.toLowerCase());
  }
  for (const key of joined.keys()) {
    if (!isPseudo(key)) names.add(key.toLowerCase());
  }
  return names;
}

/** One character a byte: no byte is lost or merged, and none that is not ASCII can pass for one that is. */
function readValue(line: HeaderValue): string {
  return line.rawValue.length > 0 ? line.rawValue.toString('latin1') : line.value;
}

/** Envoy sends lower case. The other spelling is looked for only where the length already agrees. */
function isNamed(key: string, name: string): boolean {
  return key === name || (key.length === name.length && key.toLowerCase() === name);
}

function isPseudo(name: string): boolean {
  return name.startsWith(':');
}
