import { Buffer } from 'node:buffer';
import type { RefusalCode } from '../../domain/decision.ts';
import type { Area, CredentialSource } from '../../domain/policy.ts';
import type { PlainRequest } from '../../domain/request.ts';
import type { Edge, EndpointPlace } from '../../ports.ts';
import { decodeFormText } from './parameters.ts';
import type { Parameters } from './parameters.ts';

/** A client as it presents itself: by name and key (RFC 6749 §2.3.1), by the key as the API takes it, by name alone, or not at all. Names are '' where none is given. */
export type ShownClient =
  | { readonly by: 'secret'; readonly clientId: string; readonly key: string }
  | { readonly by: 'header'; readonly clientId: string }
  | { readonly by: 'name'; readonly clientId: string }
  | { readonly by: 'nothing' }
  | { readonly by: 'several' };

const BASIC = /^basic +(?<digits>[A-Za-z0-9+/]+={0,2}) *$/i;

/** What a client shows of itself. More than one way at once is none (RFC 6749 §2.3). */
export function readClient({ headers }: PlainRequest, { credentials }: Area, sent: Parameters): ShownClient {
  const shown: ShownClient[] = [];
  const authorization = headers.filter(([name]) => name === 'authorization').map(([, value]) => value);
  const basic = authorization.filter((value) => /^basic(?: |$)/i.test(value));
  if (basic.length > 0) shown.push(...basic.map(readBasic));
  const sources = credentials.filter(({ kind }) => kind === 'api_key');
  const clientId = sent.get('client_id') ?? '';
  const key = sent.get('client_secret');
  if (sources.some((source) => headers.some((line) => isShown(source, line)))) {
    shown.push({ by: 'header', clientId });
  }
  if (key !== undefined) shown.push({ by: 'secret', clientId, key });
  const [first, ...more] = shown;
  if (more.length > 0) return { by: 'several' };
  if (first !== undefined) return isNamed(first, clientId) ? first : { by: 'several' };
  return clientId === '' ? { by: 'nothing' } : { by: 'name', clientId };
}

/** A `client_id` in the body beside another name is a second client. */
function isNamed(shown: ShownClient, clientId: string): boolean {
  return shown.by !== 'secret' || clientId === '' || shown.clientId === clientId;
}

function isShown({ header, scheme }: CredentialSource, [name, value]: readonly [string, string]): boolean {
  if (name !== header) return false;
  return scheme === '' || value.trimStart().slice(0, scheme.length).toLowerCase() === scheme;
}

/** RFC 6749 §2.3.1 has both halves form-encoded before they are joined; most clients that forget it send nothing that differs. */
function readBasic(value: string): ShownClient {
  const { digits = '' } = BASIC.exec(value)?.groups ?? {};
  const pair = Buffer.from(digits, 'base64').toString('latin1');
  const at = pair.indexOf(':');
  if (at < 0) return { by: 'secret', clientId: '', key: '' };
  return { by: 'secret', clientId: decodeHalf(pair.slice(0, at)), key: decodeHalf(pair.slice(at + 1)) };
}

const VISIBLE = /^[\x21-\x7e]*$/;

function decodeHalf(half: string): string {
  const decoded = decodeFormText(half);
  return decoded !== undefined && VISIBLE.test(decoded) ? decoded : half;
}

/** What a header carries unchanged. */
const WHOLE = /^[\x21-\x7e]+$/;

export interface JudgedClient {
  readonly keyId: string;
  /** The key's account. */
  readonly account: string;
}

/**
 * The key that a client has shown, judged by the same stages as that of every other request: address, standing, expiry, outage.
 * A session's token is no key, so no session begets another.
 */
export async function judgeClient(
  shown: ShownClient & { readonly by: 'secret' | 'header' },
  { place, request }: { readonly place: EndpointPlace; readonly request: PlainRequest },
  inspect: Edge['inspect'],
): Promise<JudgedClient | RefusalCode> {
  // A header is read without the blanks around it; a secret is compared as it is.
  if (shown.by === 'secret' && !WHOLE.test(shown.key)) return 'credential_invalid';
  const judged = shown.by === 'header' ? request : withKey(request, place.area, shown.key);
  const { code, api, credential, keyId, account } = await inspect(judged);
  if (code !== 'ok') return code;
  if (api !== place.api.name || credential !== 'api_key') return 'credential_invalid';
  const isNameless = shown.by === 'header' && shown.clientId === '';
  return isNameless || shown.clientId === keyId ? { keyId, account } : 'credential_invalid';
}

/** The request as it would be, had the client sent the key as the API takes it. */
function withKey(request: PlainRequest, { credentials }: Area, key: string): PlainRequest {
  const source = credentials.find(({ kind }) => kind === 'api_key');
  const taken = new Set(['authorization', ...credentials.map(({ header }) => header)]);
  const others = request.headers.filter(([name]) => !taken.has(name));
  if (source === undefined) return { ...request, headers: others };
  const value = source.scheme === '' ? key : `${source.scheme} ${key}`;
  return { ...request, headers: [...others, [source.header, value]] };
}
