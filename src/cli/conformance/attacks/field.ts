import type { Operations } from '../../../domain/operations.ts';
import { DAY_MS } from '../../../domain/time.ts';
import type { SentHeader } from '../client/client.ts';
import { addressOf, askAgainWhere } from '../client/gateway-client.ts';
import type { GatewayPlace } from '../client/gateway-client.ts';
import { ANSWER_MS_MAX, askRaw } from '../client/raw-http.ts';
import type { RawAnswer } from '../client/raw-http.ts';
import type { Received, Upstream } from '../client/upstream.ts';
import type { MovableClock } from '../clock.ts';

export const HOST = 'api.trackyard.com';
export const PATH = '/api/external/v1/items';
/** Open to the keys of one role. */
export const ADMIN = '/api/external/v1/admin';

export interface Sent {
  readonly host?: string;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly SentHeader[];
  readonly body?: string;
}

/** What is attacked, and by whom: a client with a key of his own. */
export interface Field {
  /**
   * Byte for byte as given, and again where the answer is a 503. By the time of a 101 the request has got to the application, unless that
   * takes longer than ANSWER_MS_MAX. Rejects with `NoAnswer`.
   */
  readonly send: (sent: Sent) => Promise<RawAnswer>;
  readonly withKey: (...more: readonly SentHeader[]) => readonly SentHeader[];
  /** What reached the application since the last call. */
  readonly take: () => readonly Received[];
  readonly operations: Operations;
  readonly key: string;
  readonly adminKey: string;
  /** Of an account's key that is bound to an address which is not the client's. */
  readonly boundKey: string;
  /** The identity headers that the application must get for the key, in one order. */
  readonly own: readonly string[];
  /** What the gateway shows Tollgate; undefined where it shows nothing. */
  readonly gatewayToken: string | undefined;
  /** Ends every window of the keys' limits, and forgets what reached the application. */
  readonly begin: () => void;
}

export interface FieldMeans {
  readonly operations: Operations;
  readonly clock: MovableClock;
  readonly place: GatewayPlace;
  readonly upstream: Upstream;
  readonly gatewayToken: string | undefined;
  /** Told of each request that was refused for want of time and is asked again. */
  readonly onAskedAgain?: () => unknown;
}

const UNAVAILABLE = 503;
const ACCOUNT = { api: 'trackyard', id: 'attacker' };

export async function openField(means: FieldMeans): Promise<Field> {
  const { operations, clock, upstream } = means;
  await operations.createAccount({ ...ACCOUNT, tier: 'pro', credits: 100_000 });
  const own = { api: ACCOUNT.api, account: ACCOUNT.id };
  const plain = await operations.createKey({ ...own, name: 'plain' });
  const admin = await operations.createKey({ ...own, name: 'admin', role: 'admin' });
  const bound = await operations.createKey({ ...own, name: 'bound', allowIps: ['203.0.113.7'] });
  return {
    send: async (sent) =>
      askAgainWhere(
        ({ status }) => status === UNAVAILABLE,
        () => send(sent, means),
        means.onAskedAgain,
      ),
    withKey: (...more) => [['Authorization', `Bearer ${plain.key}`], ...more],
    take: () => upstream.take(),
    operations,
    key: plain.key,
    adminKey: admin.key,
    boundKey: bound.key,
    own: [`x-account-id: ${ACCOUNT.id}`, `x-key-id: ${plain.id}`, 'x-tier: pro'],
    gatewayToken: means.gatewayToken,
    begin() {
      clock.advance(DAY_MS);
      upstream.take();
    },
  };
}

/** What the attacker's account has left. */
export async function readCredits({ operations }: Field): Promise<number> {
  return (await operations.showAccount(ACCOUNT)).credits.remaining;
}

function send(sent: Sent, { place, upstream }: FieldMeans): Promise<RawAnswer> {
  const { host = HOST, method = 'GET', target = PATH, headers = [], body } = sent;
  const framed: readonly SentHeader[] =
    body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
  return askRaw({
    ...addressOf(place),
    method,
    target,
    headers: [['Host', host], ...headers, ...framed],
    ...(body === undefined ? {} : { body }),
    whenSwitched: () => upstream.untilReached(ANSWER_MS_MAX),
  });
}
