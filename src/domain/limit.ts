/**
 * Whom a limit counts: one API key, all keys of an account together, or all sessions of one key together.
 * In this order: a number in a record is the place in this list.
 */
export const LIMIT_SCOPES = ['key', 'account', 'session'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** At most `count` allowed requests in any interval of `windowMs`. Its identity is (scope, window): changing `count` keeps its history. */
export interface Limit {
  readonly scope: LimitScope;
  readonly count: number;
  readonly windowMs: number;
  /** As sent in the `RateLimit` fields: `key-minute`, `account-day`, `key-90s`. */
  readonly name: string;
}

/** Who is counted: 96 bits that are the same after a restart. Bits of a digest or of a CSPRNG, so they may choose hash slots. */
export interface Subject {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
}

/** One limit asked of one subject. A check takes all its charges or none. */
export interface LimitCharge {
  readonly limit: Limit;
  readonly subject: Subject;
}

/** How a limit stands after a check (or, where nothing was taken, before it). */
export interface LimitState {
  readonly limit: Limit;
  /** Requests still allowed now; never negative. */
  readonly remaining: number;
  /** Milliseconds until at least one more request is allowed than now; 0 when none is counted. */
  readonly resetMs: number;
  /** Milliseconds until the same request would pass this limit; 0 when it fits now. */
  readonly waitMs: number;
}

/** The limit that an answer shows: the refusing one that waits longest; where none refuses, the one with the least remaining. */
export function findTightest(states: readonly LimitState[]): LimitState | undefined {
  let tightest = states[0];
  for (const state of states) if (tightest !== undefined && isTighter(state, tightest)) tightest = state;
  return tightest;
}

/** Of two limits with as much remaining, the one that takes longer to give more. */
function isTighter(state: LimitState, than: LimitState): boolean {
  if (state.waitMs !== than.waitMs) return state.waitMs > than.waitMs;
  if (state.remaining !== than.remaining) return state.remaining < than.remaining;
  return state.resetMs > than.resetMs;
}
