import type { Denial, Dependency } from './decision.ts';
import type { LimitState } from './limit.ts';

/** What came of taking a check's limits and credits: the only part of a decision that changes anything. */
export type Spending =
  | { readonly kind: 'spent'; readonly limits: readonly LimitState[]; readonly degraded?: Dependency }
  | { readonly kind: 'refused'; readonly denial: Denial; readonly limits: readonly LimitState[] }
  | { readonly kind: 'outage'; readonly dependency: Dependency };
