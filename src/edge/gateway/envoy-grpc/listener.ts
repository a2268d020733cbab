import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { bindServer, toListenError } from '../../../lib/listener/bind.ts';
import type { BindPlace } from '../../../lib/listener/bind.ts';
import { findTlsRefusal, requireFreshCertificate, toTlsOptions } from '../../../lib/listener/tls.ts';
import type { ConnectionRefusal, ListenerTls, TlsPromise } from '../../../lib/listener/tls.ts';
import { GREETING_MS } from './limits.ts';

export interface ListenerOptions extends BindPlace {
  readonly tls: ListenerTls | undefined;
  readonly connectionsMax: number;
  /** Takes over a connection that may ask, once its first bytes are there. */
  readonly onConnection: (socket: Socket) => void;
  readonly onRefused: (reason: ConnectionRefusal) => void;
}

export interface Listener {
  /** Resolves to the address with the port that was bound. Rejects with one clear sentence. */
  start(): Promise<string>;
  /** Takes no new connections; those that were handed over live on. */
  stop(): Promise<void>;
}

/** Decides who gets to speak HTTP/2 at all. TLS is 1.2 or newer with ALPN `h2`; a peer that says nothing is cut after GREETING_MS. */
export function createListener(options: ListenerOptions): Listener {
  const greeting = new Set<Socket>();
  let server: Server | undefined;
  let release: (() => Promise<void>) | undefined;
  let isOpen = true;
  const onWelcome = (socket: Socket): void => {
    // Its handshake may have begun before the end.
    if (isOpen) greet(socket, greeting, options.onConnection);
    else socket.on('error', ignoreGone).destroy();
  };
  return {
    async start() {
      server = openServer(options, onWelcome);
      const bound = await bindServer(server, options);
      // From here on an error is a connection that could not be accepted, for instance for want of file descriptors.
      server.on('error', () => options.onRefused('no_room'));
      release = bound.release;
      return bound.address;
    },
    async stop() {
      isOpen = false;
      server?.close();
      for (const socket of greeting) socket.destroy();
      await release?.();
    },
  };
}

function openServer(options: ListenerOptions, onWelcome: (socket: Socket) => void): Server {
  try {
    requireFreshCertificate(options.tls, Date.now());
    return createSocketServer(options, onWelcome);
  } catch (error) {
    throw toListenError(options, error);
  }
}

function createSocketServer(options: ListenerOptions, onWelcome: (socket: Socket) => void): Server {
  const { tls, connectionsMax, onRefused } = options;
  const server =
    tls === undefined
      ? createServer({ noDelay: true }, onWelcome)
      : createSecureServer(tls, { onWelcome, onRefused });
  server.maxConnections = connectionsMax;
  server.on('drop', () => onRefused('no_room'));
  return server;
}

const PROMISE: TlsPromise = { protocol: 'h2', handshakeMs: GREETING_MS };

function createSecureServer(
  tls: ListenerTls,
  { onWelcome, onRefused }: Pick<ListenerOptions, 'onRefused'> & { onWelcome: (socket: Socket) => void },
): Server {
  const server = createTlsServer(toTlsOptions(tls, PROMISE), (socket) => {
    const refusal = findTlsRefusal(socket, tls, PROMISE);
    if (refusal === undefined) return onWelcome(socket);
    onRefused(refusal);
    socket.on('error', ignoreGone).destroy();
  });
  server.on('tlsClientError', (_error, socket) => {
    onRefused('tls_failed');
    // A handshake that took too long is only told: its connection stays open.
    socket.destroy();
  });
  return server;
}

/** HTTP/2 begins with the client's word (RFC 9113 §3.4): until it comes the connection is nobody's. */
function greet(socket: Socket, greeting: Set<Socket>, onConnection: (socket: Socket) => void): void {
  const leave = (): void => {
    greeting.delete(socket);
    clearTimeout(timer);
  };
  const timer = setTimeout(() => socket.destroy(), GREETING_MS);
  greeting.add(socket);
  socket.on('error', ignoreGone);
  socket.once('close', leave);
  socket.once('readable', () => {
    leave();
    socket.off('close', leave);
    if (!socket.destroyed && socket.readableLength > 0) onConnection(socket);
    else socket.destroy();
  });
}

/** The close that follows an error says all there is to say. */
function ignoreGone(): void {}
