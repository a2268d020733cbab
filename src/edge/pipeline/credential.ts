import type { CredentialFault, Denial } from '../../domain/decision.ts';
import type { Area, CredentialSource } from '../../domain/policy.ts';
import type { RequestHeaders } from '../../domain/request.ts';

/** What the client presented, and as what. */
export interface Credential {
  readonly kind: CredentialSource['kind'];
  readonly value: string;
}

/** Longer ones are refused unread: no key and no token of ours comes near it. */
export const CREDENTIAL_CHARS_MAX = 16_384;

/** What one header holds: nothing that counts, one well-formed credential, or a fault. */
type Reading = { readonly fault: CredentialFault } | Credential | undefined;

/**
 * The one credential of a request. Only headers that the area lists count.
 * Absent, empty or of another scheme is missing; twice, with a comma, or malformed is invalid.
 */
export function readCredential(area: Area, headers: RequestHeaders): Credential | Denial {
  let found: Credential | undefined;
  for (const source of area.credentials) {
    if (firstOfHeader(area, source.header) !== source) continue;
    const reading = readHeader(area, source, headers.all(source.header));
    if (reading === undefined) continue;
    if ('fault' in reading) return { code: 'credential_invalid', fault: reading.fault };
    if (found !== undefined) return { code: 'credential_invalid', fault: 'repeated' };
    found = reading;
  }
  return found ?? { code: 'credential_missing' };
}

/** Several kinds may share a header; it is read once. */
function firstOfHeader({ credentials }: Area, header: string): CredentialSource | undefined {
  for (const source of credentials) if (source.header === header) return source;
  return undefined;
}

function readHeader(area: Area, source: CredentialSource, values: readonly string[]): Reading {
  const [text] = values;
  if (text === undefined) return undefined;
  // Envoy joins two Authorization lines into one with a comma, so a comma means two.
  if (values.length > 1 || text.includes(',')) return { fault: 'repeated' };
  const value = readAfterScheme(text, source.scheme);
  if (value === undefined) return undefined;
  if (value.length > CREDENTIAL_CHARS_MAX) return { fault: 'malformed' };
  const kind = kindOf(area, source, value);
  // Who verifies a token takes base64url and dots alone; to look through its hundreds of characters here takes 0.6 µs.
  return kind === 'jwt' || isVisibleAscii(value) ? { kind, value } : { fault: 'malformed' };
}

/** The credential after its scheme (any case, one or more blanks, RFC 9110 §11.4); undefined when there is none. */
function readAfterScheme(text: string, scheme: string): string | undefined {
  const trimmed = trimBlanks(text);
  if (scheme === '') return trimmed === '' ? undefined : trimmed;
  if (!hasScheme(trimmed, scheme)) return undefined;
  const rest = trimmed.slice(scheme.length);
  if (rest === '') return undefined;
  if (rest.startsWith('\t')) return rest;
  return rest.startsWith(' ') ? trimBlanks(rest) : undefined;
}

/** Whether the text begins with the scheme, which is in lower case, in any case of its ASCII letters. */
function hasScheme(text: string, scheme: string): boolean {
  for (let at = 0; at < scheme.length; at += 1) {
    const code = text.charCodeAt(at);
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (lower !== scheme.charCodeAt(at)) return false;
  }
  return true;
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === 0x20) start += 1;
  while (end > start && text.charCodeAt(end - 1) === 0x20) end -= 1;
  return text.slice(start, end);
}

const NOT_VISIBLE_ASCII = /[^\x21-\x7e]/;

function isVisibleAscii(text: string): boolean {
  return !NOT_VISIBLE_ASCII.test(text);
}

/** Issued keys never hold a dot, so three parts joined by dots are a token where the area takes tokens in this header. */
function kindOf(area: Area, source: CredentialSource, value: string): CredentialSource['kind'] {
  let sources = 0;
  let takesTokens = false;
  for (const { header, kind } of area.credentials) {
    if (header !== source.header) continue;
    sources += 1;
    takesTokens ||= kind === 'jwt';
  }
  if (sources === 1) return source.kind;
  return takesTokens && hasThreeParts(value) ? 'jwt' : 'api_key';
}

function hasThreeParts(value: string): boolean {
  const first = value.indexOf('.');
  const second = value.indexOf('.', first + 1);
  return first >= 0 && second > first && !value.includes('.', second + 1);
}
