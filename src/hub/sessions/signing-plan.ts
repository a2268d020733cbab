import type { SigningKeyState } from '../../domain/operations.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { SIGNING_KEY_KEPT_MS } from '../store/sessions.ts';
import type { StoredSigningKey } from '../store/sessions.ts';
import { JWKS_CACHE_SECONDS } from './engine.ts';

/*
 * Which of an API's signing keys does what is a function of their times and of now: no job has to run for a key to begin or to cease to sign.
 * Lists are in the order in which their keys sign.
 */

/** How long a key is published before it signs: twice as long as a set from before it may be kept. */
export const PUBLISHED_AHEAD_MS = 2 * JWKS_CACHE_SECONDS * SECOND_MS;

type Timed = Pick<StoredSigningKey, 'kid' | 'publishedMs' | 'signsFromMs'>;

/** The key that signs at an instant; a clock before all of them is behind, and the first signs. undefined where there is none. */
export function findSigner<K extends Timed>(keys: readonly K[], atMs: number): K | undefined {
  return keys.findLast(({ signsFromMs }) => signsFromMs <= atMs) ?? keys[0];
}

/** The keys to publish: all but those whose last token has expired. */
export function servedKeys<K extends Timed>(keys: readonly K[], nowMs: number): readonly K[] {
  return keys.filter((_, index) => (servedUntilMs(keys, index) ?? Number.POSITIVE_INFINITY) > nowMs);
}

export function stateOf(keys: readonly Timed[], index: number, nowMs: number): SigningKeyState {
  const active = keys.indexOf(findSigner(keys, nowMs) ?? NONE);
  if (index === active) return 'active';
  return index > active ? 'next' : 'retired';
}

const NONE: Timed = { kid: '', publishedMs: 0, signsFromMs: 0 };

/** When a key's last token will have expired; undefined while nothing is to follow it. */
export function servedUntilMs(keys: readonly Timed[], index: number): number | undefined {
  const next = keys[index + 1];
  return next === undefined ? undefined : next.signsFromMs + SIGNING_KEY_KEPT_MS;
}

/** The key that is published and does not sign yet; a time further ahead than any key's was set by a clock that was wrong. */
export function findPending<K extends Timed>(keys: readonly K[], nowMs: number): K | undefined {
  return keys.find(({ signsFromMs }) => signsFromMs > nowMs && signsFromMs <= nowMs + PUBLISHED_AHEAD_MS);
}
