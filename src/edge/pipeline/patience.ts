import type { AuthzRequest } from '../../domain/request.ts';

/** The share of the gateway's patience that a dependency may use up: the answer has to get back in what is left. */
const DEPENDENCY_SHARE = 0.6;

/** How long a check may wait for a dependency, in milliseconds; Infinity where the gateway does not say how long it waits. */
export function patienceOf({ timeoutMs = Infinity }: AuthzRequest): number {
  return DEPENDENCY_SHARE * timeoutMs;
}
