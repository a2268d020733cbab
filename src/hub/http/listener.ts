import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { OperationRefused } from '../../domain/operations.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { closeServer } from './close-server.ts';
import { listenOnSocket } from './socket-file.ts';

export interface HttpListenerOptions {
  /** Its configuration key, for messages: `admin.listen`. */
  readonly name: string;
  /** `127.0.0.1:8081`, `[::1]:0` (any free port) or `unix:/path`. */
  readonly listen: string;
  readonly answer: RequestListener;
  readonly connectionsMax: number;
  readonly headerBytesMax: number;
  /** How long a connection may rest between two requests, in milliseconds. */
  readonly idleMs: number;
  readonly onBug: (error: unknown) => void;
}

export interface HttpListener {
  /** Resolves to the address with the port that was bound. Throws `OperationRefused` where it cannot listen. */
  start(): Promise<string>;
  /** Lets requests under way finish for two seconds, then ends every connection. */
  stop(): Promise<void>;
}

const HEADERS_MS = 5 * SECOND_MS;
const REQUEST_MS = 10 * SECOND_MS;
/** A gateway under another user of the same group may connect. */
const SOCKET_MODE = 0o660;
const UNIX = 'unix:';

/** An HTTP/1.1 server on which everything that a stranger could make wait or grow has a bound. */
export function createHttpListener(options: HttpListenerOptions): HttpListener {
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: SECOND_MS,
      keepAliveTimeout: options.idleMs,
      maxHeaderSize: options.headerBytesMax,
    },
    inTurn(options.answer),
  );
  server.maxConnections = options.connectionsMax;
  // A connection on which nothing moves is closed, whether it waits for us or we for it.
  server.timeout = Math.max(options.idleMs, 2 * REQUEST_MS);
  let release: (() => Promise<void>) | undefined;
  return {
    async start() {
      const { name, listen, onBug } = options;
      const address = listen.startsWith(UNIX)
        ? await onSocket(server, listen.slice(UNIX.length), (end) => (release = end))
        : await onPort(server, name, listen);
      server.on('error', onBug);
      return address;
    },
    async stop() {
      await release?.();
      await closeServer(server);
    },
  };
}

/** Of the requests that one packet brings each waits for the answer to the one before: begun together, they would hold this thread and its memory for as long as there are. */
function inTurn(answer: RequestListener): RequestListener {
  const lastOf = new WeakMap<IncomingMessage['socket'], ServerResponse>();
  return (request, response) => {
    const { socket } = request;
    const last = lastOf.get(socket);
    lastOf.set(socket, response);
    if (last === undefined || last.closed) return answer(request, response);
    last.once('close', () => {
      if (!socket.destroyed) answer(request, response);
    });
  };
}

async function onSocket(
  server: Server,
  path: string,
  keep: (release: () => Promise<void>) => void,
): Promise<string> {
  const file = await listenOnSocket(server, path, SOCKET_MODE);
  keep(() => file.release());
  return `${UNIX}${path}`;
}

const HOST_AND_PORT = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<host>[^:[\]/]+)):(?<port>\d{1,5})$/i;

async function onPort(server: Server, name: string, listen: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const { v6, host = v6, port } = HOST_AND_PORT.exec(listen)?.groups ?? {};
  server.listen({ host, port: Number(port) }, resolve);
  try {
    await promise;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new OperationRefused('unavailable', `cannot listen on ${listen} (${name}): ${reason}`);
  } finally {
    server.off('error', reject);
  }
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return `${listen.slice(0, listen.lastIndexOf(':'))}:${boundPort}`;
}
