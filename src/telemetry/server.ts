import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { OperationRefused } from '../domain/operations.ts';
import { SECOND_MS } from '../domain/time.ts';
import { bindServer } from '../lib/listener/bind.ts';
import type { Readiness } from './health.ts';

export interface TelemetryServerOptions {
  /** `127.0.0.1:9464` or `[::1]:9464`; port 0: any free one. */
  readonly listen: string;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly look: () => Readiness;
  /** Told of what nobody meant to be thrown; whoever asked gets 500 and nothing of it. */
  readonly onBug: (error: unknown) => void;
}

export interface TelemetryServer {
  /** Resolves to the address with the port that was bound. Throws `OperationRefused` where it cannot listen. */
  start(): Promise<string>;
  stop(): Promise<void>;
}

const REQUEST_MS = 5 * SECOND_MS;
/** A connection that is kept and not used takes a place from a health check. */
const IDLE_MS = 15 * SECOND_MS;
const HEADER_BYTES_MAX = 8 * 1024;
const CONNECTIONS_MAX = 64;
const REQUESTS_A_CONNECTION_MAX = 1_000;
/** Should it ever be a socket: this user alone. */
const SOCKET_MODE = 0o600;
const METHODS = 'GET, HEAD';
const TEXT = 'text/plain; charset=utf-8';

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly allow?: string;
}

/** What Prometheus and a supervisor ask: `/metrics`, `/healthz` (the process lives) and `/readyz` (it can answer checks). */
export function createTelemetryServer(options: TelemetryServerOptions): TelemetryServer {
  const pages = createPages(options);
  const server = createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: SECOND_MS,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => {
      serve(pages, request, response).catch((error: unknown) => {
        options.onBug(error);
        response.destroy();
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = REQUESTS_A_CONNECTION_MAX;
  // A connection on which nothing moves is closed, whether it waits for us or we for it.
  server.timeout = IDLE_MS;
  return {
    async start() {
      const bound = await bindServer(server, { listen: options.listen, socketMode: SOCKET_MODE }).catch(
        (error: Error) => {
          throw new OperationRefused('unavailable', `telemetry.listen: ${error.message}`);
        },
      );
      server.on('error', options.onBug);
      return bound.address;
    },
    stop: () => close(server),
  };
}

type Pages = ReadonlyMap<string, () => Promise<Answer>>;

async function serve(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, contentType, body, allow } = await findAnswer(pages, request);
  // Bodies are not wanted: one that comes is not waited for.
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
    ...(hasBody ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function findAnswer(pages: Pages, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const page = pages.get(path);
  if (page === undefined) return { status: 404, contentType: TEXT, body: 'not found\n' };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, contentType: TEXT, body: 'only GET and HEAD are understood\n', allow: METHODS };
  }
  return page();
}

function createPages({ metrics, look }: TelemetryServerOptions): Pages {
  const render = shareWhileUnderWay(() => metrics.render());
  return new Map([
    ['/healthz', async () => ({ status: 200, contentType: TEXT, body: 'the process lives\n' })],
    [
      '/readyz',
      async () => {
        const { ready, text } = look();
        return { status: ready ? 200 : 503, contentType: TEXT, body: text };
      },
    ],
    ['/metrics', async () => ({ status: 200, contentType: metrics.contentType, body: await render() })],
  ]);
}

/** A thousand requests of one packet are all begun before the first is answered: each rendering for itself would hold this thread for seconds, and their pages its memory. */
function shareWhileUnderWay<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= work().finally(() => (underWay = undefined));
    return underWay;
  };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
