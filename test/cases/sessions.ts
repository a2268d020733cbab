import type { SentHeader } from './client.ts';
import { askRaw } from './raw-http.ts';
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
  /** Of the listener with the APIs' own endpoints. */
  readonly publicPort: number;
  /** Told of every token that the case is given. */
  readonly onToken?: (token: string) => void;
}

/** The desk of a file of cases; one that says nowhere where sessions are got has a desk that gives none. */
export function openDesk(
  { sessions_at, request }: CaseFile,
  { publicPort, onToken }: DeskPlace,
): SessionDesk {
  const open = (): SessionDesk => {
    if (sessions_at === undefined) throw new Error('the file says nowhere where sessions are got');
    return createSessionDesk(publicPort, request.host, sessions_at);
  };
  const noted = async (granted: Promise<NamedSession>): Promise<NamedSession> => {
    const session = await granted;
    onToken?.(session.accessToken);
    onToken?.(session.refreshToken);
    return session;
  };
  return {
    exchange: async (key) => noted(open().exchange(key)),
    refresh: async (session) => noted(open().refresh(session)),
    logout: async (session) => open().logout(session),
  };
}

/** Asks the public listener as a gateway does on behalf of an API's client. */
export function createSessionDesk(publicPort: number, host: string, places: SessionPlaces): SessionDesk {
  const post = async (target: string, headers: readonly SentHeader[], body: object): Promise<string> => {
    const text = Object.keys(body).length === 0 ? '' : JSON.stringify(body);
    const answer = await askRaw({
      port: publicPort,
      method: 'POST',
      target,
      headers: [['Host', host], ['X-Gateway-Peer', '127.0.0.1'], ...headers, ...bodyHeaders(text)],
      localAddress: '127.0.0.1',
      body: text,
    });
    if (answer.status >= 300) throw new Error(`${target} answered ${answer.status}: ${answer.body}`);
    return answer.body;
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
