import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { toPlace } from '../address.ts';
import type { SentHeader } from '../client/client.ts';
import type { CaseFile } from './schema.ts';

/** Where a session is got, and what it is got with. */
export type SessionPlaces = NonNullable<CaseFile['sessions_at']>;

/** What the API's own endpoints gave for a key, and for what they gave before. */
export interface NamedSession {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface SessionDesk {
  exchange(key: string): Promise<NamedSession>;
  refresh(session: NamedSession): Promise<NamedSession>;
  logout(session: NamedSession): Promise<void>;
}

/** Where a case's sessions are got. */
export interface DeskPlace {
  /** Of the listener with the APIs' own endpoints: `127.0.0.1:8080`, `unix:/path`. */
  readonly publicAddress: string;
  /** What the gateway shows there; absent: nothing. */
  readonly gatewayToken?: string;
  /** Told of every token that the case is given. */
  readonly onToken?: (token: string) => void;
}

/** The endpoints did not grant what they were asked for. */
export class DeskRefused extends Error {
  override readonly name = 'DeskRefused';
  readonly status: number;

  constructor(target: string, status: number, body: string) {
    super(`${target} answered ${status}: ${body}`);
    this.status = status;
  }
}

/** The desk of a file of cases; one that says nowhere where sessions are got has a desk that gives none. */
export function openDesk({ sessions_at, request }: CaseFile, place: DeskPlace): SessionDesk {
  const open = (): SessionDesk => {
    if (sessions_at === undefined) throw new Error('the file says nowhere where sessions are got');
    return createSessionDesk(place, request.host, sessions_at);
  };
  const noted = async (granted: Promise<NamedSession>): Promise<NamedSession> => {
    const session = await granted;
    place.onToken?.(session.accessToken);
    place.onToken?.(session.refreshToken);
    return session;
  };
  return {
    exchange: async (key) => noted(open().exchange(key)),
    refresh: async (session) => noted(open().refresh(session)),
    logout: async (session) => open().logout(session),
  };
}

const ANSWER_MS_MAX = 5_000;
const ANSWER_CHARS_MAX = 64 * 1_024;

/** Asks the public listener as a gateway does on behalf of an API's client. */
export function createSessionDesk(place: DeskPlace, host: string, places: SessionPlaces): SessionDesk {
  const post = async (target: string, headers: readonly SentHeader[], body: object): Promise<string> => {
    const text = Object.keys(body).length === 0 ? '' : JSON.stringify(body);
    const shown: readonly SentHeader[] =
      place.gatewayToken === undefined ? [] : [['X-Gateway-Token', place.gatewayToken]];
    const sent = [
      ['Host', host],
      ['X-Gateway-Peer', '127.0.0.1'],
      ...shown,
      ...headers,
      ...bodyHeaders(text),
    ];
    const message = await send({ place, target, headers: sent.flat(), text });
    const answer = await readAnswer(message);
    const status = message.statusCode ?? 0;
    if (status >= 300) throw new DeskRefused(target, status, answer);
    return answer;
  };
  return {
    exchange: async (key) => fromPair(await post(places.create, [[places.key_header, key]], {})),
    refresh: async ({ refreshToken }) =>
      fromPair(await post(places.refresh, [], { refresh_token: refreshToken })),
    async logout({ refreshToken }) {
      await post(places.logout, [], { refresh_token: refreshToken });
    },
  };
}

interface Posted {
  readonly place: DeskPlace;
  readonly target: string;
  readonly headers: readonly string[];
  readonly text: string;
}

async function send({ place, target, headers, text }: Posted): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest({
    ...toPeer(place.publicAddress),
    method: 'POST',
    path: target,
    headers,
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  request.once('response', resolve).once('error', reject).end(text);
  return promise;
}

function toPeer(address: string) {
  const place = toPlace(address);
  if (place === undefined) throw new Error('the APIs’ own endpoints are nowhere');
  return 'path' in place ? { socketPath: place.path } : place;
}

async function readAnswer(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > ANSWER_CHARS_MAX) throw new RangeError('the answer is too long');
  }
  return text;
}

function bodyHeaders(text: string): SentHeader[] {
  const length: SentHeader = ['Content-Length', String(Buffer.byteLength(text))];
  return text === '' ? [length] : [['Content-Type', 'application/json'], length];
}

function fromPair(body: string): NamedSession {
  const pair = JSON.parse(body) as { readonly access_token?: string; readonly refresh_token?: string };
  const { access_token: accessToken, refresh_token: refreshToken } = pair;
  if (accessToken === undefined || refreshToken === undefined) throw new Error('a pair lacks a token');
  return { accessToken, refreshToken };
}
