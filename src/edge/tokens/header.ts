import type { TokenFault } from '../../domain/token.ts';
import { isCleanText, KEY_ID_BYTES_MAX } from './clean-text.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** The parts of a token's header that count. */
export interface Header {
  readonly algorithm: string;
  /** Lower case, without `application/` (RFC 7515 §4.1.9); '' where there is none. */
  readonly type: string;
  /** undefined where there is none. */
  readonly keyId: string | undefined;
}

/**
 * Members that ask the verifier for something: to understand an extension (`crit`, `b64`), to take the key from the token or from where
 * it points (RFC 8725 §3.10), to decompress, to decrypt. None of it is ever done.
 */
const REFUSED = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc'];

const MEDIA_TYPE = 'application/';

export function readHeader(header: JsonObject): Header | TokenFault {
  if (REFUSED.some((name) => Object.hasOwn(header, name))) return 'token_header';
  const algorithm = findMember(header, 'alg');
  if (typeof algorithm !== 'string') return 'token_algorithm';
  const type = readType(header);
  if (type === undefined) return 'token_type';
  const keyId = findMember(header, 'kid');
  if (keyId !== undefined && !isCleanText(keyId, KEY_ID_BYTES_MAX)) return 'token_header';
  return { algorithm, type, keyId };
}

/** undefined where it is no media type; '' stands for its absence alone. */
function readType(header: JsonObject): string | undefined {
  const type = findMember(header, 'typ');
  if (type === undefined) return '';
  if (typeof type !== 'string') return undefined;
  const lower = type.toLowerCase();
  const name = lower.startsWith(MEDIA_TYPE) ? lower.slice(MEDIA_TYPE.length) : lower;
  return name === '' ? undefined : name;
}
