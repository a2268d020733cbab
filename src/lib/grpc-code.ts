/** The codes of gRPC that Tollgate sends (github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
export const GRPC = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type GrpcCode = (typeof GRPC)[keyof typeof GRPC];

/**
 * What a gRPC client of an API sees in place of an HTTP status. Envoy would map by itself, but a client that has to pay would
 * see UNKNOWN, one over its limit UNAVAILABLE, which invites a retry at once, and one whose path is refused INTERNAL.
 */
const GRPC_OF_HTTP: ReadonlyMap<number, GrpcCode> = new Map<number, GrpcCode>([
  [400, GRPC.invalidArgument],
  [401, GRPC.unauthenticated],
  [402, GRPC.failedPrecondition],
  [403, GRPC.permissionDenied],
  [404, GRPC.unimplemented],
  [429, GRPC.resourceExhausted],
  [500, GRPC.internal],
  [502, GRPC.unavailable],
  [503, GRPC.unavailable],
  [504, GRPC.unavailable],
]);

/** Never `ok`: UNKNOWN for a status that is not in the table. */
export function toGrpcCode(httpStatus: number): GrpcCode {
  return GRPC_OF_HTTP.get(httpStatus) ?? GRPC.unknown;
}
