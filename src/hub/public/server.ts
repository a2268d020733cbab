import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EndpointName } from '../../domain/endpoint.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import type { HeaderPair } from '../../domain/reply.ts';
import { fromPlainRequest } from '../../domain/request.ts';
import type { PlainRequest } from '../../domain/request.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock, Edge, EndpointPlace, EndpointPlaces, OtherMethod } from '../../ports.ts';
import { createFailedLogins } from '../http/failed-logins.ts';
import { createHttpListener } from '../http/listener.ts';
import type { HttpListener } from '../http/listener.ts';
import type { SessionEngine } from '../sessions/engine.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps, Handler } from './asked.ts';
import { answerJwks, answerMetadata } from './discovery.ts';
import { createExchangeRate } from './exchange-rate.ts';
import { createGatewayTest } from './gateway-token.ts';
import type { GatewayTest } from './gateway-token.ts';
import { answerMe } from './me.ts';
import { refuseInOAuth } from './oauth-error.ts';
import { answerRevocation, answerTokenRequest } from './oauth.ts';
import { fromIncoming } from './request.ts';
import { createSession, endSession, refreshSession } from './session-endpoints.ts';

export interface PublicServerOptions {
  readonly listen: string;
  /** What the gateway must show; absent: nothing, because only this machine can connect. */
  readonly gatewayToken?: string;
  readonly places: EndpointPlaces;
  readonly inspect: Edge['inspect'];
  readonly operations: Pick<Operations, 'showAccount' | 'showKey' | 'showSession'>;
  readonly sessions: SessionEngine;
  readonly clock: Clock;
  /** Told of a request that did not come through the gateway. */
  readonly onStranger: () => void;
  /** Told of a bug, once, before the client gets its 500. */
  readonly onBug: (error: unknown) => void;
}

/** Gateways keep few connections, each of them busy; more are for clients that are slow with their bodies. */
const CONNECTIONS_MAX = 1_024;
/** What the recipe lets a client send, and what the gateway adds. */
const HEADER_BYTES_MAX = 48 * 1024;
/** Longer than the gateway lets a connection rest: the one who sends must be the one who closes, or a request meets a closing end. */
const IDLE_MS = 90 * SECOND_MS;

interface Server {
  readonly options: PublicServerOptions;
  readonly isFromGateway: GatewayTest;
  readonly deps: EndpointDeps;
}

/** What key holders ask Tollgate itself, through the gateway: about their key, and for sessions. */
export function createPublicServer(options: PublicServerOptions): HttpListener {
  const isFromGateway = createGatewayTest(options.gatewayToken);
  const deps = { ...options, failures: createFailedLogins(), exchanges: createExchangeRate() };
  const server = { options, isFromGateway, deps };
  return createHttpListener({
    name: 'public.listen',
    listen: options.listen,
    connectionsMax: CONNECTIONS_MAX,
    headerBytesMax: HEADER_BYTES_MAX,
    idleMs: IDLE_MS,
    onBug: options.onBug,
    answer: (message, response) => {
      serve(server, { message, response }).catch((error: unknown) => {
        options.onBug(error);
        response.destroy();
      });
    },
  });
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

const HANDLERS: Readonly<Record<EndpointName, Handler>> = {
  me: answerMe,
  session_create: createSession,
  session_refresh: refreshSession,
  session_logout: endSession,
  oauth_token: answerTokenRequest,
  oauth_revoke: answerRevocation,
  oauth_metadata: answerMetadata,
  jwks: answerJwks,
};

/** Whose errors are those of RFC 6749 §5.2: libraries read them. */
const OAUTH: ReadonlySet<EndpointName> = new Set(['oauth_token', 'oauth_revoke']);

async function serve(server: Server, { message, response }: Exchange): Promise<void> {
  const request = fromIncoming(message);
  const { status, clientHeaders, body } = await answer(server, request, message);
  const length: readonly HeaderPair[] =
    status === NO_CONTENT ? [] : [['content-length', String(Buffer.byteLength(body))]];
  response.writeHead(status, [...clientHeaders, ...length].flat());
  response.end(message.method === 'HEAD' ? undefined : body);
}

/** RFC 9110 §8.6: such an answer tells no length. */
const NO_CONTENT = 204;

async function answer(server: Server, request: PlainRequest, message: IncomingMessage): Promise<Answer> {
  const { places, onStranger } = server.options;
  if (!server.isFromGateway(message)) {
    onStranger();
    return refuse(server, request, { refusal: { refuse: 'not_found' } });
  }
  const place = places.find(fromPlainRequest(request));
  if (typeof place === 'string') return refuse(server, request, { refusal: { refuse: place } });
  const outcome = 'allow' in place ? toOtherMethod(place) : await handle(server, { place, request, message });
  return 'refuse' in outcome ? refuse(server, request, { refusal: outcome, place }) : outcome;
}

function toOtherMethod({ allow }: OtherMethod): Refusal {
  return { refuse: 'request_ambiguous', status: 405, headers: [['allow', allow]] };
}

/** The answer, or why there is none. An outage is one wherever it happens; what else is thrown is a bug. */
async function handle({ options, deps }: Server, asked: Asked): Promise<Answer | Refusal> {
  try {
    return await HANDLERS[asked.place.name](asked, deps);
  } catch (error) {
    if (error instanceof DependencyDown || error instanceof OperationRefused)
      return { refuse: 'unavailable' };
    // Whoever went away before all was said gets no answer, and it was nobody's bug.
    if (asked.message.errored === null) options.onBug(error);
    return { refuse: 'internal_error' };
  }
}

/** In the words of the endpoint: OAuth's, or those of the API with its headers. */
function refuse(
  { options }: Server,
  request: PlainRequest,
  { refusal, place }: { readonly refusal: Refusal; readonly place?: Pick<EndpointPlace, 'api' | 'name'> },
): Answer {
  if (place !== undefined && OAUTH.has(place.name)) return refuseInOAuth(refusal, place.api.name);
  const asked = fromPlainRequest(request);
  const { status, clientHeaders, body } = options.places.refuse(asked, refusal.refuse);
  const headers = [...clientHeaders, ...(refusal.headers ?? [])];
  return { status: refusal.status ?? status, clientHeaders: headers, body };
}
