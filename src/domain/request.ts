/** The wire dialects a gateway may speak to us. */
export type GatewayName = 'envoy-grpc' | HttpDialect;

/** The dialects in which a gateway asks over HTTP. */
export type HttpDialect = 'envoy-http' | 'forward-auth' | 'kong' | 'nginx';

export const HTTP_DIALECTS: readonly HttpDialect[] = ['envoy-http', 'forward-auth', 'kong', 'nginx'];

/** The headers of the checked request. Names are lower case; pseudo headers are not among them. */
export interface RequestHeaders {
  /** Every value sent under a name, in the order of arrival; bytes that are not ASCII stay as characters above 0x7e. */
  all(name: string): readonly string[];
  /** Every distinct name. */
  names(): Iterable<string>;
  /** Every distinct name with a character that is neither `a-z`, `0-9` nor `-`; absent: they are looked for among `names`. */
  oddNames?(): readonly string[];
}

/** What a gateway asks about, free of its wire format. Nothing here is trusted, judged or normalised yet. */
export interface AuthzRequest {
  readonly gateway: GatewayName;
  /** The gateway's own id of this request, never a client's header; '' where the gateway gives none. */
  readonly gatewayRequestId: string;
  /** The gateway's time stamp of this request, as text; '' where it gives none. */
  readonly gatewayTime: string;
  readonly method: string;
  /** The request target as the gateway passes it on: path and query; '' when absent (CONNECT). */
  readonly target: string;
  /** The request's authority as received: may carry a port, a trailing dot, upper case. */
  readonly host: string;
  /** The API the gateway's configuration says this route belongs to; '' when it does not say. */
  readonly namedApi: string;
  /** The address at the other end of the gateway's client connection; '' when it is no IP address. */
  readonly peerAddress: string;
  /** How long the gateway waits for the answer, in milliseconds; absent or Infinity where it does not say. */
  readonly timeoutMs?: number;
  readonly headers: RequestHeaders;
}

/** An `AuthzRequest` that can cross a thread. */
export interface PlainRequest extends Omit<AuthzRequest, 'headers'> {
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function fromPlainRequest(request: PlainRequest): AuthzRequest {
  const lines = request.headers;
  return {
    ...request,
    headers: {
      all: (name) => lines.filter(([other]) => other === name).map(([, value]) => value),
      names: () => new Set(lines.map(([name]) => name)),
    },
  };
}
