import type { AuthzRequest, RequestHeaders } from '../../../../src/domain/request.ts';

/** Headers from lines as a gateway hands them over; names in lower case. */
export function headersOf(lines: readonly (readonly [string, string])[]): RequestHeaders {
  return {
    all: (name) => lines.filter(([other]) => other === name).map(([, value]) => value),
    names: () => new Set(lines.map(([name]) => name)),
  };
}

export function requestOf(
  parts: Partial<Omit<AuthzRequest, 'headers'>> & { headers?: readonly (readonly [string, string])[] },
): AuthzRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/',
    host: 'api.example.com',
    namedApi: '',
    peerAddress: '127.0.0.1',
    ...parts,
    headers: headersOf(parts.headers ?? []),
  };
}
