import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RefusalCode } from '../../domain/decision.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import type { HeaderPair, Reply } from '../../domain/reply.ts';
import { fromPlainRequest } from '../../domain/request.ts';
import type { PlainRequest } from '../../domain/request.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { Edge, EndpointPlaces } from '../../ports.ts';
import { createHttpListener } from '../http/listener.ts';
import type { HttpListener } from '../http/listener.ts';
import { createGatewayTest } from './gateway-token.ts';
import type { GatewayTest } from './gateway-token.ts';
import { renderMe } from './me.ts';
import { fromIncoming } from './request.ts';

export interface PublicServerOptions {
  readonly listen: string;
  /** What the gateway must show; absent: nothing, because only this machine can connect. */
  readonly gatewayToken?: string;
  readonly places: EndpointPlaces;
  readonly inspect: Edge['inspect'];
  readonly operations: Pick<Operations, 'showAccount' | 'showKey'>;
  /** Told of a request that did not come through the gateway. */
  readonly onStranger: () => void;
  /** Told of a bug, once, before the client gets its 500. */
  readonly onBug: (error: unknown) => void;
}

/** Gateways keep few connections, each of them busy. */
const CONNECTIONS_MAX = 256;
/** What the recipe lets a client send, and what the gateway adds. */
const HEADER_BYTES_MAX = 48 * 1024;
/** Longer than the gateway lets a connection rest: the one who sends must be the one who closes, or a request meets a closing end. */
const IDLE_MS = 90 * SECOND_MS;

/** What key holders ask about themselves, through the gateway: by the rules of a check, spending nothing. */
export function createPublicServer(options: PublicServerOptions): HttpListener {
  const isFromGateway = createGatewayTest(options.gatewayToken);
  return createHttpListener({
    name: 'public.listen',
    listen: options.listen,
    connectionsMax: CONNECTIONS_MAX,
    headerBytesMax: HEADER_BYTES_MAX,
    idleMs: IDLE_MS,
    onBug: options.onBug,
    answer: (message, response) => {
      serve(options, isFromGateway, { message, response }).catch((error: unknown) => {
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

async function serve(
  options: PublicServerOptions,
  isFromGateway: GatewayTest,
  { message, response }: Exchange,
): Promise<void> {
  const request = fromIncoming(message);
  const code = isFromGateway(message) ? 'ok' : 'not_found';
  if (code !== 'ok') options.onStranger();
  const outcome = code === 'ok' ? await decide(options, request) : code;
  const { status, clientHeaders, body } =
    typeof outcome === 'string' ? options.places.refuse(fromPlainRequest(request), outcome) : outcome;
  response.writeHead(status, [...clientHeaders.flat(), 'content-length', String(Buffer.byteLength(body))]);
  response.end(message.method === 'HEAD' ? undefined : body);
}

type Answer = Pick<Reply, 'status' | 'clientHeaders' | 'body'>;

const JSON_HEADERS: readonly HeaderPair[] = [
  ['content-type', 'application/json'],
  ['cache-control', 'no-store'],
];

/** The answer, or why there is none. An outage is one wherever it happens; what else is thrown is a bug. */
async function decide(options: PublicServerOptions, request: PlainRequest): Promise<Answer | RefusalCode> {
  try {
    return await answer(options, request);
  } catch (error) {
    if (error instanceof DependencyDown || error instanceof OperationRefused) return 'unavailable';
    options.onBug(error);
    return 'internal_error';
  }
}

async function answer(
  { places, inspect, operations }: PublicServerOptions,
  request: PlainRequest,
): Promise<Answer | RefusalCode> {
  const place = places.find(fromPlainRequest(request));
  if (typeof place === 'string') return place;
  const { me } = place.api;
  const inspection = await inspect(request);
  if (inspection.code !== 'ok') return inspection.code;
  // Another API's or another account's names cannot come in here: they are the edge's, of the very key that was shown.
  const { api, keyId, account: id } = inspection;
  if (me === undefined || api !== place.api.name) return 'not_found';
  const [account, key] = await Promise.all([
    operations.showAccount({ api, id }),
    operations.showKey({ api, id: keyId }),
  ]);
  const body = renderMe(me.body, { inspection, account, key });
  return { status: 200, clientHeaders: JSON_HEADERS, body };
}
