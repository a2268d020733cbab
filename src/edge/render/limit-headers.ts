import { findTightest } from '../../domain/limit.ts';
import type { Limit, LimitState } from '../../domain/limit.ts';
import type { LimitHeaderFamilies } from '../../domain/policy.ts';
import type { HeaderPair } from '../../domain/reply.ts';
import { SECOND_MS } from '../../domain/time.ts';

/** The limit headers of an answer for which these limits were asked; none where there are none. */
export function renderLimitHeaders(
  states: readonly LimitState[],
  families: LimitHeaderFamilies,
): readonly HeaderPair[] {
  const tightest = findTightest(states);
  if (tightest === undefined) return NONE;
  const headers: HeaderPair[] = [];
  if (families.xRateLimit) {
    headers.push(
      wordsOf(tightest.limit).count,
      ['x-ratelimit-remaining', String(tightest.remaining)],
      ['x-ratelimit-reset', String(toSeconds(tightest.resetMs))],
    );
  }
  if (families.ietf) headers.push(renderPolicy(states), ['ratelimit', renderLimits(states)]);
  return headers;
}

/** Whole seconds, at least 1, after which every one of these limits lets the same request pass; undefined where none of them refused it. */
export function findRetryAfterSeconds(states: readonly LimitState[]): number | undefined {
  let waitMs = 0;
  for (const state of states) waitMs = Math.max(waitMs, state.waitMs);
  return waitMs > 0 ? Math.max(1, toSeconds(waitMs)) : undefined;
}

const NONE: readonly HeaderPair[] = [];

/** What headers say of a limit however it stands. */
interface LimitWords {
  readonly count: HeaderPair;
  /** Of `RateLimit-Policy`. */
  readonly policy: string;
  /** Of `RateLimit`, up to what remains. */
  readonly begin: string;
  /** The policy of all limits that were asked together last, with this one as the first. */
  together: Together | undefined;
}

interface Together {
  readonly limits: readonly Limit[];
  readonly header: HeaderPair;
}

/** As many as there are limits: they are made with the configuration and with the profiles of keys. It spares 0.6 µs of a check with two limits. */
const wordsOfLimit = new WeakMap<Limit, LimitWords>();

function wordsOf(limit: Limit): LimitWords {
  const known = wordsOfLimit.get(limit);
  if (known !== undefined) return known;
  const { name, count, windowMs } = limit;
  const words: LimitWords = {
    count: ['x-ratelimit-limit', String(count)],
    policy: `"${name}";q=${count};w=${windowMs / SECOND_MS}`,
    begin: `"${name}";r=`,
    together: undefined,
  };
  wordsOfLimit.set(limit, words);
  return words;
}

/** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: quotas and windows in seconds. The same object for the same limits. */
function renderPolicy(states: readonly LimitState[]): HeaderPair {
  const [first] = states;
  const words = first && wordsOf(first.limit);
  if (words?.together !== undefined && isOf(words.together.limits, states)) return words.together.header;
  const limits = states.map(({ limit }) => limit);
  const header = ['ratelimit-policy', limits.map((limit) => wordsOf(limit).policy).join(', ')] as const;
  if (words !== undefined) words.together = { limits, header };
  return header;
}

function isOf(limits: readonly Limit[], states: readonly LimitState[]): boolean {
  if (limits.length !== states.length) return false;
  for (let at = 0; at < limits.length; at += 1) if (limits[at] !== states[at]?.limit) return false;
  return true;
}

/** `RateLimit` of the same draft: what remains, and the seconds until it is more. */
function renderLimits(states: readonly LimitState[]): string {
  let text = '';
  for (const { limit, remaining, resetMs } of states) {
    const separator = text === '' ? '' : ', ';
    text += `${separator}${wordsOf(limit).begin}${remaining};t=${toSeconds(resetMs)}`;
  }
  return text;
}

/** Rounded up: whoever waits that long has waited long enough. */
function toSeconds(durationMs: number): number {
  return Math.ceil(durationMs / SECOND_MS);
}
