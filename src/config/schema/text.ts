import * as z from 'zod';
import { ACCOUNT_ID } from '../../domain/principal.ts';
import { parseCidr } from '../../lib/cidr.ts';
import { parseDuration } from '../../lib/duration.ts';
import { parseLimit } from '../../lib/limit-text.ts';

/** The kinds of text that a configuration holds. A message says what is meant; what was found is put before it. */

/** Names in lists are at most this many. */
const NAMES_MAX = 64;
const TEXT_CHARS_MAX = 1_024;

export const apiName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name: a small letter, then at most 31 of a-z 0-9 -');

/** A letter comes first, so that no name is a number: JavaScript would sort such names before all others. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9_.:-]{0,63}$/, 'expected a name: a small letter, then at most 63 of a-z 0-9 _ . : -');

export const accountId = z
  .string()
  .regex(ACCOUNT_ID, 'expected an account id: a letter or digit, then at most 63 of A-Z a-z 0-9 . _ : @ -');

/** One line that people read. */
export const sentence = z
  .string()
  .min(1, 'expected some text')
  .max(TEXT_CHARS_MAX, `expected at most ${TEXT_CHARS_MAX} characters`)
  .regex(/^\P{Cc}*$/u, 'expected text without control characters');

/** Visible ASCII with blanks inside: what every gateway passes on unchanged. */
export const fieldValue = z
  .string()
  .max(TEXT_CHARS_MAX, `expected at most ${TEXT_CHARS_MAX} characters`)
  .regex(/^[\x21-\x7e]+(?: +[\x21-\x7e]+)*$/, 'expected a header value: visible ASCII, blanks only inside');

/** What HTTP, gateways and proxies use for themselves: taking it from a request or setting it would break the request. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'origin',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
]);

/** In any case; only letters, digits and `-`, because gateways drop names with `_` and upstreams take `_` and `.` for `-`. */
export const headerName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'expected a header name of letters, digits and -')
  .transform((text) => text.toLowerCase())
  .refine((text) => !RESERVED_HEADERS.has(text) && !text.startsWith('x-envoy-'), {
    error: 'expected a header of your own: this one belongs to HTTP or to the gateway',
  });

/** `10/minute`, kept as text. */
export const limitText = z.string().refine((text) => parseLimit(text) !== undefined, {
  error: 'expected a limit such as 10/minute, 1000/day or 20/15m (1 to 1000000000, 1 s to 31 d)',
});

/** `10/minute`, read. */
export const limit = limitText.transform((text, context) => {
  const parsed = parseLimit(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: 'custom', message: 'expected a limit', input: text });
  return z.NEVER;
});

export const addressBlock = z.string().refine((text) => parseCidr(text) !== undefined, {
  error: 'expected an address or a block such as 203.0.113.0/24, without host bits',
});

/** A duration as text, in milliseconds once read. */
export function durationBetween(minMs: number, maxMs: number) {
  return z
    .string()
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((durationMs) => durationMs >= minMs && durationMs <= maxMs, {
      error: `expected a duration such as 120ms, from ${minMs}ms to ${maxMs}ms`,
    });
}

/** A list without repetitions. */
export function distinct<T extends z.ZodType<string>>(item: T) {
  return z
    .array(item)
    .max(NAMES_MAX)
    .superRefine((items, context) => {
      for (const [index, text] of items.entries()) {
        if (items.indexOf(text) === index) continue;
        context.addIssue({ code: 'custom', path: [index], message: 'stands in this list already' });
      }
    });
}
