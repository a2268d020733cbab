import type { AuthzRequest, HttpDialect } from '../../../domain/request.ts';
import { createClientHeaders } from './headers.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The request of a gateway that does not say, once each, all that it must say: without method and target, which the pipeline
 * refuses as ambiguous before it looks at a credential. `host` words the refusal; '' where it is not known either.
 */
export function createUnreadable(
  gateway: HttpDialect,
  host: string,
  lines: readonly HeaderLine[],
): AuthzRequest {
  return {
    gateway,
    gatewayRequestId: '',
    gatewayTime: '',
    method: '',
    target: '',
    host,
    namedApi: '',
    peerAddress: '',
    headers: createClientHeaders(lines, NOTHING),
  };
}
