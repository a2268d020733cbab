import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { OperationRefused } from '../../domain/operations.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { bindServer } from '../../lib/listener/bind.ts';
import { inTurn } from '../../lib/listener/in-turn.ts';
import { closeServer } from './close-server.ts';

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
      const bound = await bindServer(server, { listen, socketMode: SOCKET_MODE }).catch((error: Error) => {
        throw new OperationRefused('unavailable', `${name}: ${error.message}`);
      });
      release = bound.release;
      server.on('error', onBug);
      return bound.address;
    },
    async stop() {
      await release?.();
      await closeServer(server);
    },
  };
}
