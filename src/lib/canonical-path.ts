/** A request path of which there is only one reading. */
export interface CanonicalPath {
  /** Begins with `/`; escapes of unreserved characters (RFC 3986 §2.3) are decoded, all others in upper case. */
  readonly path: string;
  /** What stands between the slashes; a slash at the end adds nothing. */
  readonly segments: readonly string[];
}

/** Why a target is no such path, by the first of these that holds. */
export type PathFault = 'no_path' | 'path_length' | 'path_characters' | 'path_escapes' | 'path_segments';

/** Longer paths are refused unread. */
export const PATH_LENGTH_MAX = 8_192;

const ESCAPE_LENGTH = 3;
/** From here on a byte is part of a character of several bytes. */
const MULTIBYTE = 0x80;

const REFUSED = 1;
const ESCAPE = 2;
/** By character: 0 where it stands for itself, else one of the two above. */
const kindOfCode = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code <= 0x20 || code >= 0x7f || '\\;#'.includes(String.fromCharCode(code))) return REFUSED;
  return code === 0x25 ? ESCAPE : 0;
});

/** By byte: what its escape becomes; undefined where some server would take it for a slash or cut the path there. */
const textOfEscape = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (byte < 0x20 || byte === 0x7f || character === '/' || character === '\\') return undefined;
  if (/[\w.~-]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/**
 * The path of a request target as every server behind the gateway will understand it, cut at the first `?`; case counts.
 * A fault where two servers could understand it differently. `no_path`: it does not begin with `/`; `path_length`: it is longer than
 * PATH_LENGTH_MAX; `path_characters`: it holds `\`, `;`, `#`, a blank, a control or non-ASCII character; `path_escapes`: an escaped slash,
 * backslash or control character, or an escape that is no byte or no part of UTF-8 (an overlong `%c0%af` is a slash to some);
 * `path_segments`: an empty segment before its end or a segment `.` or `..`, escaped or not.
 */
export function readPath(target: string): CanonicalPath | PathFault {
  const queryAt = target.indexOf('?');
  const raw = queryAt < 0 ? target : target.slice(0, queryAt);
  if (!raw.startsWith('/')) return 'no_path';
  if (raw.length > PATH_LENGTH_MAX) return 'path_length';
  const kinds = kindsIn(raw);
  if ((kinds & REFUSED) !== 0) return 'path_characters';
  const path = (kinds & ESCAPE) === 0 ? raw : canonicalEscapes(raw);
  if (path === undefined) return 'path_escapes';
  const segments = readSegments(path);
  return segments === undefined ? 'path_segments' : { path, segments };
}

/** The same for whoever need not know why: undefined where it is no such path. */
export function canonicalPath(target: string): CanonicalPath | undefined {
  const path = readPath(target);
  return typeof path === 'string' ? undefined : path;
}

function kindsIn(raw: string): number {
  let kinds = 0;
  for (let index = 0; index < raw.length; index += 1) kinds |= kindOfCode[raw.charCodeAt(index)] ?? REFUSED;
  return kinds;
}

/** undefined where a server may drop a segment or climb with it. Cut by hand: splitting and looking again takes 0.1 µs more. */
function readSegments(path: string): string[] | undefined {
  const segments: string[] = [];
  for (let start = 1; start < path.length;) {
    const slashAt = path.indexOf('/', start);
    const end = slashAt < 0 ? path.length : slashAt;
    const segment = path.slice(start, end);
    if (isHollow(segment)) return undefined;
    segments.push(segment);
    start = end + 1;
  }
  return segments;
}

function isHollow(segment: string): boolean {
  return segment === '' || segment === '.' || segment === '..';
}

function canonicalEscapes(raw: string): string | undefined {
  let path = '';
  let copied = 0;
  let highest = 0;
  for (let at = raw.indexOf('%'); at >= 0; at = raw.indexOf('%', copied)) {
    const byte = byteAt(raw, at + 1);
    const text = textOfEscape[byte];
    if (text === undefined) return undefined;
    path += raw.slice(copied, at) + text;
    copied = at + ESCAPE_LENGTH;
    highest = Math.max(highest, byte);
  }
  path += raw.slice(copied);
  return highest < MULTIBYTE || isUtf8(path) ? path : undefined;
}

/** The value of two hexadecimal digits; -1 where there are none. */
function byteAt(text: string, index: number): number {
  const high = hexValue(text.charCodeAt(index));
  const low = hexValue(text.charCodeAt(index + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Of a character code; -1 for all but `0-9`, `a-f`, `A-F`, and for NaN behind the end of the text. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isUtf8(escaped: string): boolean {
  try {
    decodeURIComponent(escaped);
    return true;
  } catch {
    return false;
  }
}
