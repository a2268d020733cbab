import type { AuthzRequest } from '../../domain/request.ts';

/** The share of the gateway's patience that a dependency may use up: the answer has to get back in what is left. */
const DEPENDENCY_SHARE = 0.6;

/** How long a check may wait for all that it asks, in milliseconds from its beginning: the budget, or less where its gateway waits less. */
export function patienceOf({ timeoutMs = Infinity }: AuthzRequest, budgetMs: number): number {
  return Math.min(DEPENDENCY_SHARE * timeoutMs, budgetMs);
}
