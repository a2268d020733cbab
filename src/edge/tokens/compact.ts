import { isUtf8 } from 'node:buffer';
import { TOKEN_CHARS_MAX } from '../../domain/token.ts';
import { parseStrictJson } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** A signed token in its compact form (RFC 7515 §3.1), taken apart and not believed. */
export interface Compact {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  /** What the signature covers: both parts as they were sent. */
  readonly signedText: string;
  readonly signature: Buffer;
}

/**
 * Takes a token apart; undefined unless it has exactly one reading: three parts in canonical base64url without padding (RFC 7515 §2),
 * the first two UTF-8 and strict JSON objects.
 */
export function parseCompact(token: string): Compact | undefined {
  if (token.length > TOKEN_CHARS_MAX) return undefined;
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 0 || payloadEnd < 0 || token.includes('.', payloadEnd + 1)) return undefined;

  const header = parseObject(token.slice(0, headerEnd));
  if (header === undefined) return undefined;
  const payload = parseObject(token.slice(headerEnd + 1, payloadEnd));
  const signature = decodeBase64Url(token.slice(payloadEnd + 1));
  if (payload === undefined || signature === undefined) return undefined;
  return { header, payload, signedText: token.slice(0, payloadEnd), signature };
}

/**
 * The bytes of a non-empty part; undefined where another spelling stands for the same bytes.
 * Node's decoder forgives padding, blanks, the other alphabet and stray bits: writing again what it read shows whether it had to.
 */
export function decodeBase64Url(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function parseObject(part: string): JsonObject | undefined {
  const bytes = decodeBase64Url(part);
  return bytes !== undefined && isUtf8(bytes) ? parseStrictJson(bytes.toString('utf8')) : undefined;
}
