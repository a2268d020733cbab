import { isCleanText, SUBJECT_BYTES_MAX } from './clean-text.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** The token's `sub`; undefined where it is not a clean text of at most 255 bytes. */
export function findSubject(payload: JsonObject): string | undefined {
  const subject = findMember(payload, 'sub');
  return isCleanText(subject, SUBJECT_BYTES_MAX) ? subject : undefined;
}

/** Whether one of ours is in `aud`, a text or a list of texts (RFC 7519 §4.1.3); whether `aud` is well-formed or absent where none is asked. */
export function isForAudience(payload: JsonObject, audiences: readonly string[]): boolean {
  const claim = findMember(payload, 'aud');
  if (claim === undefined) return audiences.length === 0;
  const named = toTexts(claim);
  return named !== undefined && (audiences.length === 0 || audiences.some((ours) => named.includes(ours)));
}

/** Whether `azp` is one of the parties that may hold tokens for us; whether it is a text or absent where none is asked. */
export function isFromParty(payload: JsonObject, parties: readonly string[]): boolean {
  const claim = findMember(payload, 'azp');
  if (claim === undefined) return parties.length === 0;
  return typeof claim === 'string' && (parties.length === 0 || parties.includes(claim));
}

/** A list of texts from a text with blanks between them (RFC 6749 §3.3) or from such a list; undefined for all else. */
export function toWords(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return [];
  return typeof claim === 'string' ? claim.split(' ').filter((word) => word !== '') : toTexts(claim);
}

/** A list of texts that may be a single one. */
function toTexts(claim: unknown): readonly string[] | undefined {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) && claim.every((item) => typeof item === 'string') ? claim : undefined;
}
