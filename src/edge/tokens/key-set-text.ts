import { PUBLIC_KEYS_MAX } from '../../lib/public-keys.ts';
import { fromJwk, fromPem } from './verifying-key.ts';
import type { VerifyingKey } from './verifying-key.ts';
import { findMember, hasMarksAtMost, isObject, parseJson } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

const PEM_BEGIN = '-----BEGIN ';
/** Members, items and brackets: ten times what PUBLIC_KEYS_MAX keys have. A million of them would hold every check up for a tenth of a second. */
const MARKS_MAX = 8_192;

/**
 * The usable keys of a JWK set (RFC 7517 §5) or, in text that came with the configuration, of a PEM. Keys of other kinds are left out.
 * Undefined for what is neither, has more than PUBLIC_KEYS_MAX keys, or has none that can be used: it must never replace a set that works.
 */
export function parseKeySet(text: string): readonly VerifyingKey[] | undefined {
  const jwks = findJwks(text);
  if (jwks === undefined || jwks.length > PUBLIC_KEYS_MAX) return undefined;
  const keys = jwks.map(fromJwk).filter((key) => key !== undefined);
  return keys.length === 0 ? undefined : keys;
}

/** As `parseKeySet`, for PEM too: one key, because a PEM has no names by which a token could choose. */
export function parseFixedKeys(text: string): readonly VerifyingKey[] | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PEM_BEGIN)) return parseKeySet(text);
  if (trimmed.includes(PEM_BEGIN, 1)) return undefined;
  const key = fromPem(trimmed);
  return key && [key];
}

/** The members of `keys`, where all of them are objects. */
function findJwks(text: string): readonly JsonObject[] | undefined {
  const set = hasMarksAtMost(text, MARKS_MAX) ? parseJson(text) : undefined;
  if (!isObject(set)) return undefined;
  const keys = findMember(set, 'keys');
  return Array.isArray(keys) && keys.every(isObject) ? keys : undefined;
}
