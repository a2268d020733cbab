import type { AuthzRequest } from '../../domain/request.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The request's own id where it is a UUID: support and access log then speak of the same one. */
export function readRequestId(request: AuthzRequest): string | undefined {
  const ids = request.headers.all('x-request-id');
  const [id] = ids;
  return id !== undefined && ids.length === 1 && UUID.test(id) ? id : undefined;
}
