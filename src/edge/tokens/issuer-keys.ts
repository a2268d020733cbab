import type { Now } from '../../domain/time.ts';
import type { IssuerAlgorithm } from '../../domain/token.ts';
import type { Eventually } from '../../ports.ts';
import { EVERY_KEY_ID } from './verifying-key.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** Which key a token asks for. */
export interface WantedKey {
  /** undefined: the token names none. */
  readonly keyId: string | undefined;
  readonly algorithm: IssuerAlgorithm;
}

/** The public keys of one issuer of one API: shared with nobody, so a `kid` of another issuer means nothing here. */
export interface IssuerKeys {
  /** Another number as soon as the keys are others. */
  readonly version: number;
  /** Whether there are keys that may be relied on. */
  serves(now: Now): boolean;
  /**
   * The one key that the token may be verified with; undefined where there is none, or more than one.
   * Throws or rejects with `DependencyDown('tokens')` where the keys cannot be had, at the latest after `withinMs`.
   */
  find(wanted: WantedKey, now: Now, withinMs: number): Eventually<VerifyingKey | undefined>;
}

/** Where a token names no key, the only one of its algorithm. */
export function selectKey(
  keys: readonly VerifyingKey[],
  { keyId, algorithm }: WantedKey,
): VerifyingKey | undefined {
  const fitting = keys.filter((key) => key.algorithms.has(algorithm) && answersTo(key, keyId));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Whether there is a key of that name, of whatever algorithm: a newer set would not change what it is. */
export function hasKeyOfName(keys: readonly VerifyingKey[], keyId: string | undefined): boolean {
  return keyId === undefined || keys.some((key) => answersTo(key, keyId));
}

function answersTo(key: VerifyingKey, keyId: string | undefined): boolean {
  return keyId === undefined || key.keyId === EVERY_KEY_ID || key.keyId === keyId;
}
