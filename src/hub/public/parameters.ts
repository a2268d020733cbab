import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { readOnce, toHeaderLines } from '../../lib/header-lines.ts';

/** A refresh token and a client's name and secret are some hundred. */
export const BODY_BYTES_MAX = 16 * 1024;
const PARAMETERS_MAX = 32;
/** A body comes right behind its headers. One that does not holds a connection of the gateway that others wait for. */
export const BODY_MS_MAX = 2_000;

/** Each came once, and none is empty: RFC 6749 §3.2 takes one without a value for absent. */
export type Parameters = ReadonlyMap<string, string>;

/** Why a body cannot be understood, in words that repeat nothing of it. */
export interface BodyFault {
  readonly reason: string;
}

const UTF_8 = String.raw` *(?:; *charset="?utf-8"? *)?$`;
const JSON_TYPE = new RegExp(`^application/json${UTF_8}`, 'i');
const FORM_TYPE = new RegExp(`^application/x-www-form-urlencoded${UTF_8}`, 'i');

/**
 * The parameters of a request's body, a form or a JSON object of texts; none where it is empty. What a browser would send across origins
 * without asking, but for forms, is refused, and so is a query: it would stand in logs.
 */
export async function readParameters(message: IncomingMessage): Promise<Parameters | BodyFault> {
  if (message.url?.includes('?') === true) return unread(message, 'parameters are sent in the body alone');
  const lines = toHeaderLines(message.rawHeaders);
  if (lines.some(([name]) => name === 'content-encoding')) return unread(message, 'a body is not compressed');
  const bytes = await readBytes(message);
  if (bytes === undefined) return unread(message, `a body has at most ${BODY_BYTES_MAX} bytes`);
  if (bytes.byteLength === 0) return new Map();
  const type = readOnce(lines, 'content-type') ?? '';
  const text = decode(bytes);
  const pairs = text === undefined ? undefined : parse(type, text);
  if (pairs === undefined) return { reason: 'a body is a form or a JSON object of texts, in UTF-8' };
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length) return { reason: 'a parameter is sent once' };
  if (names.size > PARAMETERS_MAX) return { reason: `there are at most ${PARAMETERS_MAX} parameters` };
  return new Map(pairs.filter(([, value]) => value !== ''));
}

/** The rest runs into nothing: a connection that closes on it would be reset, and take the answer along. The listener bounds how long. */
function unread(message: IncomingMessage, reason: string): BodyFault {
  message.resume();
  return { reason };
}

/** undefined where there are too many. Rejects where the client goes away or takes longer than BODY_MS_MAX; the connection then ends. */
async function readBytes(message: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(message.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return undefined;
  const late = setTimeout(() => message.destroy(new Error('a body came too slowly')), BODY_MS_MAX);
  try {
    return await readAll(message);
  } finally {
    clearTimeout(late);
  }
}

async function readAll(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.byteLength;
    if (length > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string | undefined {
  return attempt(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
}

type Pair = readonly [name: string, value: string];

function parse(type: string, text: string): readonly Pair[] | undefined {
  if (JSON_TYPE.test(type)) return parseJson(text);
  return FORM_TYPE.test(type) ? parseForm(text) : undefined;
}

const TEXTS = /"(?:[^"\\]|\\.)*"/g;

/** Of members with one name JSON.parse keeps the last; but where every value is a text, a member has exactly two texts. */
function parseJson(text: string): readonly Pair[] | undefined {
  const value: unknown = attempt(() => JSON.parse(text));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const pairs: Pair[] = [];
  for (const [name, member] of Object.entries(value) as readonly (readonly [string, unknown])[]) {
    if (typeof member !== 'string') return undefined;
    pairs.push([name, member]);
  }
  return [...text.matchAll(TEXTS)].length === pairs.length * 2 ? pairs : undefined;
}

/** The serialisation of URLs (https://url.spec.whatwg.org/#urlencoded-parsing), but with every escape well formed. */
function parseForm(text: string): readonly Pair[] | undefined {
  const pairs: Pair[] = [];
  for (const field of text.split('&')) {
    if (field === '') continue;
    const at = field.includes('=') ? field.indexOf('=') : field.length;
    const name = decodeFormText(field.slice(0, at));
    const value = decodeFormText(field.slice(at + 1));
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

/** undefined where an escape is none, or what is escaped is no UTF-8. */
export function decodeFormText(text: string): string | undefined {
  return attempt(() => decodeURIComponent(text.replaceAll('+', ' ')));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
