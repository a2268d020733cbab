import type { Api } from '../../domain/policy.ts';
import type { RequestHeaders } from '../../domain/request.ts';

/**
 * Whether the client asks the next proxy to drop a header that tells the upstream who called: what `Connection` names ends
 * at the next hop (RFC 9110 §7.6.1), and gateways pass that field on where a connection is upgraded.
 */
export function dropsIdentity(api: Api, headers: RequestHeaders): boolean {
  const lines = headers.all('connection');
  if (lines.length === 0) return false;
  const named = lines.flatMap((line) => line.toLowerCase().split(','));
  return named.some((name) => api.upstream.some((header) => header.name === name.trim()));
}
