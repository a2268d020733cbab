import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { toGrpcCode } from '../../../lib/grpc-code.ts';

/** What every gateway takes for gRPC: `application/grpc` or `application/grpc+…`, lower case, without parameters, in one line. */
export function isGrpcCall(request: AuthzRequest): boolean {
  const [contentType = '', ...others] = request.headers.all('content-type');
  if (others.length > 0) return false;
  return contentType === 'application/grpc' || contentType.startsWith('application/grpc+');
}

/** The headers of a refused call: its status in gRPC's words, and no content type, which belongs to the call. */
export function toGrpcHeaders({ status, clientHeaders }: Reply): HeaderPair[] {
  const headers = clientHeaders.filter(([name]) => name !== 'content-type');
  return [...headers, ['grpc-status', String(toGrpcCode(status))]];
}
