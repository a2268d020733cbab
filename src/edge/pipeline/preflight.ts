import type { Area } from '../../domain/policy.ts';
import type { AuthzRequest } from '../../domain/request.ts';

/** A CORS preflight (Fetch standard §3.2.2) in an area that lets them pass: browsers send it without a credential. */
export function isFreePreflight(area: Area, request: AuthzRequest): boolean {
  return (
    area.preflight === 'allow' &&
    request.method === 'OPTIONS' &&
    request.headers.all('origin').length === 1 &&
    request.headers.all('access-control-request-method').length === 1
  );
}
