import { lookup as lookupName } from 'node:dns';
import { get as getHttp } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP } from 'node:net';
import type { KeySetOutcome } from '../../domain/measurements.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { KeySetSource } from '../../domain/token.ts';
import { AddressRefused, createPinnedLookup, isAddressAllowed } from './pinned-lookup.ts';
import type { LookupAll } from './pinned-lookup.ts';
import { afterOnRuntime } from './timers.ts';
import type { After } from './timers.ts';

export type RemoteSource = Extract<KeySetSource, { readonly from: 'url' }>;

/** Why a key set could not be fetched. */
export type FetchFault = Exclude<KeySetOutcome, 'ok' | 'unusable'>;

/** The body behind a URL, or why there is none. Never rejects for anything that the other side or the network does. */
export type FetchKeySet = (
  source: RemoteSource,
  signal: AbortSignal,
) => Promise<{ readonly text: string } | FetchFault>;

/** For all of a fetch: name, connection, redirects, body. */
export const FETCH_TIMEOUT_MS = 2 * SECOND_MS;
export const BODY_BYTES_MAX = 2 ** 20;
const REDIRECTS_MAX = 3;
const HEADER_BYTES_MAX = 16_384;
const STATUS_OK = 200;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** `application/json`, `application/jwk-set+json` (RFC 7517 §8.5.2) and their kin. */
const JSON_TYPE = /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i;

const HEADERS = { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' };

export interface KeySetFetcherOptions {
  readonly after?: After;
  /** Asked once for each connection, which then goes to no other address. */
  readonly lookupAll?: LookupAll;
}

/**
 * Fetches over HTTPS, and over HTTP where private addresses are allowed: within FETCH_TIMEOUT_MS, at most BODY_BYTES_MAX, following redirects within
 * the same origin alone. Where private addresses are refused, the name is resolved here and the connection goes to what was looked at.
 */
export function createKeySetFetcher(options: KeySetFetcherOptions = {}): FetchKeySet {
  const { after = afterOnRuntime, lookupAll = lookupOnSystem } = options;
  return async (source, signal) => {
    const deadline = new AbortController();
    const cancel = after(FETCH_TIMEOUT_MS, () => deadline.abort());
    try {
      return await fetchFollowing(source, { lookupAll, signal: AbortSignal.any([signal, deadline.signal]) });
    } catch (error) {
      if (deadline.signal.aborted) return 'timeout';
      if (error instanceof FetchFailed) return error.fault;
      throw error;
    } finally {
      cancel();
    }
  };
}

/** Thrown within this file alone. */
class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
  readonly fault: FetchFault;

  constructor(fault: FetchFault) {
    super(fault);
    this.fault = fault;
  }
}

interface Means {
  readonly lookupAll: LookupAll;
  readonly signal: AbortSignal;
}

async function fetchFollowing(source: RemoteSource, means: Means): Promise<{ readonly text: string }> {
  const first = new URL(source.url);
  let url = first;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await request({ ...source, url: url.href }, means);
    if (!REDIRECTS.has(response.statusCode ?? 0)) return { text: await readWhole(response, means.signal) };
    response.destroy();
    url = URL.parse(response.headers.location ?? '', url) ?? first;
    // An origin is without a user; a name of one that cannot be decoded is an exception of the runtime's.
    if (url.origin !== first.origin || url.username !== '' || url.password !== '') break;
  }
  throw new FetchFailed('redirect');
}

function request({ url: href, privateAddresses }: RemoteSource, means: Means): Promise<IncomingMessage> {
  const url = new URL(href);
  const allowed = (address: string): boolean => isAddressAllowed(address, privateAddresses);
  const isSecure = url.protocol === 'https:';
  if (!isSecure && (url.protocol !== 'http:' || privateAddresses === 'refuse'))
    throw new FetchFailed('address');
  const options: RequestOptions = {
    agent: false,
    headers: HEADERS,
    maxHeaderSize: HEADER_BYTES_MAX,
    signal: means.signal,
    lookup: createPinnedLookup(means.lookupAll, allowed),
  };
  // A literal address is connected to without being looked up.
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !allowed(literal)) throw new FetchFailed('address');
  return toResponse(isSecure ? getHttps(url, options) : getHttp(url, options));
}

function toResponse(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => reject(toFailure(error)));
    // Whoever switches to another protocol ends the request without an answer and without an error.
    request.once('close', () => reject(new FetchFailed('connection')));
  });
}

function toFailure(error: Error): FetchFailed {
  return new FetchFailed(error instanceof AddressRefused ? 'address' : 'connection');
}

/** Where nothing says how long a body is, one that was cut off by the deadline looks like a whole one. */
async function readWhole(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const text = await readBody(response);
  if (signal.aborted) throw new FetchFailed('connection');
  return text;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const { headers, statusCode } = response;
  const fault = findHeadFault(headers, statusCode);
  if (fault !== undefined) {
    response.destroy();
    throw new FetchFailed(fault);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk as Uint8Array);
      length += bytes.length;
      // Leaving the loop destroys the response.
      if (length > BODY_BYTES_MAX) break;
      chunks.push(bytes);
    }
  } catch {
    throw new FetchFailed('connection');
  }
  if (length > BODY_BYTES_MAX) throw new FetchFailed('too_large');
  return Buffer.concat(chunks).toString('utf8');
}

function findHeadFault(headers: IncomingHttpHeaders, status: number | undefined): FetchFault | undefined {
  if (status !== STATUS_OK) return 'status';
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) return 'type';
  // None was asked for; what is small when packed may be large.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return 'type';
  return Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX ? 'too_large' : undefined;
}

function lookupOnSystem(name: string, done: Parameters<LookupAll>[1]): void {
  lookupName(name, { all: true }, done);
}
