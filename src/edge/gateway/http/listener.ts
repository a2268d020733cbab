import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { bindServer, toListenError } from '../../../lib/listener/bind.ts';
import type { BindPlace } from '../../../lib/listener/bind.ts';
import { closeHttpServer } from '../../../lib/listener/close.ts';
import { inTurn } from '../../../lib/listener/in-turn.ts';
import { findTlsRefusal, requireFreshCertificate, toTlsOptions } from '../../../lib/listener/tls.ts';
import type { ConnectionRefusal, ListenerTls, TlsPromise } from '../../../lib/listener/tls.ts';
import {
  CONNECTIONS_MAX,
  HANDSHAKE_MS,
  HEADERS_MS,
  HEADER_BYTES_MAX,
  HEADER_LINES_MAX,
  IDLE_MS,
  OVERDUE_CHECK_MS,
  REQUEST_MS,
} from './limits.ts';
import { refuseMisread } from './misread.ts';
import type { Misread } from './misread.ts';
import { Question } from './question.ts';

export interface GatewayListenerOptions extends BindPlace {
  /** Absent: cleartext. */
  readonly tls?: ListenerTls | undefined;
  readonly onRequest: RequestListener;
  /** Told of every connection that was closed before it could ask. */
  readonly onRefused: (reason: ConnectionRefusal) => void;
  /** Told of every connection that was closed because what came on it is no request. */
  readonly onMisread: (reason: Misread) => void;
}

export interface GatewayListener {
  /** Resolves to the address with the port that was bound. Rejects with one clear sentence. */
  start(): Promise<string>;
  /** Takes no new connections, closes those that rest, lets requests under way end, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** An HTTP/1.1 server on which everything that a stranger could make wait or grow has a bound. */
export function createGatewayListener(options: GatewayListenerOptions): GatewayListener {
  let server: Server | undefined;
  let release: (() => Promise<void>) | undefined;
  return {
    async start() {
      server = openServer(options);
      const bound = await bindServer(server, options);
      // From here on an error is a connection that could not be accepted, for instance for want of file descriptors.
      server.on('error', () => options.onRefused('no_room'));
      release = bound.release;
      return bound.address;
    },
    async stop(graceMs) {
      await release?.();
      if (server !== undefined) await closeHttpServer(server, graceMs);
    },
  };
}

function openServer(options: GatewayListenerOptions): Server {
  try {
    requireFreshCertificate(options.tls, Date.now());
    return bounded(toServer(options), options);
  } catch (error) {
    throw toListenError(options, error);
  }
}

const BOUNDS: ServerOptions = {
  headersTimeout: HEADERS_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: OVERDUE_CHECK_MS,
  // `server.timeout` bounds a rest as it does a standstill. Another time for it, set and taken back around each question, took 0.9 µs.
  keepAliveTimeout: 0,
  maxHeaderSize: HEADER_BYTES_MAX,
  noDelay: true,
  // Where no header announces a body no stream is opened and ended for it, which took 1 µs.
  optimizeEmptyRequests: true,
  IncomingMessage: Question,
};

const PROMISE: TlsPromise = { protocol: 'http/1.1', handshakeMs: HANDSHAKE_MS };

function toServer({ tls, onRequest, onRefused }: GatewayListenerOptions): Server {
  const answer = inTurn(onRequest);
  if (tls === undefined) return createServer(BOUNDS, answer);
  const server = createTlsServer({ ...BOUNDS, ...toTlsOptions(tls, PROMISE) }, answer);
  // Before Node's own listener, which would begin to read requests.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const refusal = findTlsRefusal(socket, tls, PROMISE);
    if (refusal === undefined) return;
    onRefused(refusal);
    socket.destroy();
  });
  server.on('tlsClientError', (_error, socket) => {
    onRefused('tls_failed');
    socket.destroy();
  });
  return server;
}

function bounded(
  server: Server,
  { onRefused, onMisread }: Pick<GatewayListenerOptions, 'onRefused' | 'onMisread'>,
): Server {
  server.maxConnections = CONNECTIONS_MAX;
  // The token's line and one more than may come: versions of Node drop what is beyond silently, and what lost a header must not be judged.
  server.maxHeadersCount = HEADER_LINES_MAX + 2;
  // A connection on which nothing moves is closed, whether it waits for us or we for it.
  server.timeout = IDLE_MS;
  server.on('drop', () => onRefused('no_room'));
  refuseMisread(server, onMisread);
  return server;
}
