import { SECOND_MS } from '../../domain/time.ts';
import type { TokenFault } from '../../domain/token.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** When a token holds, wall time, with the leeway on both sides. */
export interface Validity {
  /** It is refused before. */
  readonly notBeforeMs: number;
  /** It is refused from then on. */
  readonly expiresAtMs: number;
}

export interface TimeRules {
  readonly leewayMs: number;
  readonly lifetimeMaxMs: number;
}

/** The last second that a `Date` knows (ECMA-262 §21.4.1.1). */
const SECONDS_MAX = 8_640_000_000_000;

/** When the token holds by `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6); `exp` and `iat` are required, because the lifetime lies between them. */
function readValidity(payload: JsonObject, { leewayMs, lifetimeMaxMs }: TimeRules): Validity | TokenFault {
  const expiresMs = readTimeMs(payload, 'exp');
  const issuedMs = readTimeMs(payload, 'iat');
  const notBeforeMs = findMember(payload, 'nbf') === undefined ? issuedMs : readTimeMs(payload, 'nbf');
  if (expiresMs === undefined || issuedMs === undefined || notBeforeMs === undefined) return 'token_claims';
  const lifetimeMs = expiresMs - issuedMs;
  if (lifetimeMs <= 0 || lifetimeMs > lifetimeMaxMs) return 'token_lifetime';
  return { notBeforeMs: Math.max(notBeforeMs, issuedMs) - leewayMs, expiresAtMs: expiresMs + leewayMs };
}

/** `readValidity`, unless the token does not hold now. */
export function readCurrentValidity(
  payload: JsonObject,
  rules: TimeRules,
  wallMs: number,
): Validity | TokenFault {
  const validity = readValidity(payload, rules);
  return typeof validity === 'string' ? validity : (findTimeFault(validity, wallMs) ?? validity);
}

/** Which of its times a token breaks now. Asked at every check, of remembered tokens too. */
export function findTimeFault(
  { notBeforeMs, expiresAtMs }: Validity,
  wallMs: number,
): TokenFault | undefined {
  if (wallMs >= expiresAtMs) return 'token_expired';
  return wallMs < notBeforeMs ? 'token_not_yet_valid' : undefined;
}

/** A NumericDate (RFC 7519 §2), fractions included, as milliseconds; undefined for all else. */
function readTimeMs(payload: JsonObject, name: string): number | undefined {
  const seconds = findMember(payload, name);
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= SECONDS_MAX)) return undefined;
  return seconds * SECOND_MS;
}
