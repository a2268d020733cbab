import type { Policy } from '../domain/policy.ts';
import type { Note } from '../domain/report.ts';
import { createTokenVerifier } from '../edge/tokens/verifier.ts';
import type { EdgeTokenVerifier } from '../edge/tokens/verifier.ts';
import type { Clock, TokenKeys } from '../ports.ts';

export interface EdgeTokensOptions {
  readonly policy: Policy;
  readonly keys: TokenKeys;
  readonly clock: Clock;
  /** How long a check may wait for an issuer's keys, in milliseconds. */
  readonly budgetMs: number;
  readonly onNote: (note: Note) => void;
}

/** The verifier of one edge: no check waits longer for it than the budget of a check, whatever its gateway would wait. */
export function createEdgeTokens({
  policy,
  keys,
  clock,
  budgetMs,
  onNote,
}: EdgeTokensOptions): EdgeTokenVerifier {
  const verifier = createTokenVerifier({ apis: policy.apis, keys, clock, onNote });
  return {
    ...verifier,
    verify: (api, token, now, withinMs = Infinity) =>
      verifier.verify(api, token, now, Math.min(withinMs, budgetMs)),
  };
}
