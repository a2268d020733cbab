import { findTightest } from '../../domain/limit.ts';
import type { LimitState } from '../../domain/limit.ts';
import type { LimitHeaderFamilies } from '../../domain/policy.ts';
import type { HeaderPair } from '../../domain/reply.ts';
import { SECOND_MS } from '../../domain/time.ts';

/** The limit headers of an answer for which these limits were asked; none where there are none. */
export function renderLimitHeaders(
  states: readonly LimitState[],
  families: LimitHeaderFamilies,
): HeaderPair[] {
  const headers: HeaderPair[] = [];
  const tightest = findTightest(states);
  if (tightest === undefined) return headers;
  if (families.xRateLimit) {
    headers.push(
      ['x-ratelimit-limit', String(tightest.limit.count)],
      ['x-ratelimit-remaining', String(tightest.remaining)],
      ['x-ratelimit-reset', String(toSeconds(tightest.resetMs))],
    );
  }
  if (families.ietf) {
    headers.push(
      ['ratelimit-policy', states.map(renderPolicyItem).join(', ')],
      ['ratelimit', states.map(renderLimitItem).join(', ')],
    );
  }
  return headers;
}

/** Whole seconds, at least 1, after which every one of these limits lets the same request pass; undefined where none of them refused it. */
export function findRetryAfterSeconds(states: readonly LimitState[]): number | undefined {
  let waitMs = 0;
  for (const state of states) waitMs = Math.max(waitMs, state.waitMs);
  return waitMs > 0 ? Math.max(1, toSeconds(waitMs)) : undefined;
}

/** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: quota and window in seconds. */
function renderPolicyItem({ limit }: LimitState): string {
  return `"${limit.name}";q=${limit.count};w=${limit.windowMs / SECOND_MS}`;
}

/** `RateLimit` of the same draft: what remains, and the seconds until it is more. */
function renderLimitItem({ limit, remaining, resetMs }: LimitState): string {
  return `"${limit.name}";r=${remaining};t=${toSeconds(resetMs)}`;
}

/** Rounded up: whoever waits that long has waited long enough. */
function toSeconds(durationMs: number): number {
  return Math.ceil(durationMs / SECOND_MS);
}
