import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { findStale } from '../../../lib/certificates.ts';
import { matchesAltName } from '../../../lib/alt-names.ts';
import { GREETING_MS } from './limits.ts';
import { placeSocket } from './unix-socket.ts';

/** Texts are PEM. */
export interface ListenerTls {
  readonly certificate: string;
  readonly key: string;
  /** Who may connect; absent: whoever can reach the listener. */
  readonly clients?: {
    readonly authority: string;
    /** `dns:gateway.example` or `uri:spiffe://…`: a certificate must name one of them. That the authority signed it is not enough: it signs others too. */
    readonly altNames: readonly string[];
  };
}

export type ConnectionRefusal = 'tls_failed' | 'client_not_named' | 'no_room';

export interface ListenerOptions {
  /** `127.0.0.1:9000`, `[::1]:9000` (port 0: any free one) or `unix:/run/tollgate/check.sock`. */
  readonly listen: string;
  /** Rights of a unix socket. */
  readonly socketMode: number;
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
      try {
        checkCertificate(options.tls);
        server = createSocketServer(options, onWelcome);
        const bound = await open(server, options);
        // From here on an error is a connection that could not be accepted, for instance for want of file descriptors.
        server.on('error', () => options.onRefused('no_room'));
        release = bound.release;
        return bound.address;
      } catch (error) {
        throw new Error(`cannot listen on ${options.listen}: ${toReason(error)}`, { cause: error });
      }
    },
    async stop() {
      isOpen = false;
      server?.close();
      for (const socket of greeting) socket.destroy();
      await release?.();
    },
  };
}

/** Every gateway would refuse it, each in words of its own. A stale authority among several harms nobody: it just vouches for no one. */
function checkCertificate(tls: ListenerTls | undefined): void {
  const stale = tls && findStale(tls.certificate, Date.now());
  if (stale !== undefined) throw new Error(stale);
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

function createSecureServer(
  { certificate, key, clients }: ListenerTls,
  { onWelcome, onRefused }: Pick<ListenerOptions, 'onRefused'> & { onWelcome: (socket: Socket) => void },
): Server {
  const server = createTlsServer(
    {
      cert: certificate,
      key,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      handshakeTimeout: GREETING_MS,
      noDelay: true,
      ...(clients && { ca: clients.authority, requestCert: true, rejectUnauthorized: true }),
    },
    (socket) => {
      const refusal = findRefusal(socket, clients?.altNames);
      if (refusal === undefined) return onWelcome(socket);
      onRefused(refusal);
      socket.on('error', ignoreGone).destroy();
    },
  );
  server.on('tlsClientError', (_error, socket) => {
    onRefused('tls_failed');
    // A handshake that took too long is only told: its connection stays open.
    socket.destroy();
  });
  return server;
}

function findRefusal(socket: TLSSocket, names: readonly string[] | undefined): ConnectionRefusal | undefined {
  if (socket.alpnProtocol !== 'h2') return 'tls_failed';
  return isNamed(socket, names) ? undefined : 'client_not_named';
}

/** Undefined names: no certificate is asked for. */
function isNamed(socket: TLSSocket, names: readonly string[] | undefined): boolean {
  if (names === undefined) return true;
  const presented = socket.getPeerX509Certificate()?.subjectAltName;
  return socket.authorized && presented !== undefined && matchesAltName(presented, names);
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

const UNIX = 'unix:';
/** A port must be named: a missing one would be chosen by the system. */
const HOST_AND_PORT = /^(?:\[(?<ip6>[\da-f:.]+)\]|(?<host>[^:[\]/]+)):(?<port>\d{1,5})$/i;

interface Bound {
  readonly address: string;
  readonly release?: () => Promise<void>;
}

async function open(server: Server, { listen, socketMode }: ListenerOptions): Promise<Bound> {
  if (listen.startsWith(UNIX)) {
    const path = listen.slice(UNIX.length);
    const release = await placeSocket({ path, mode: socketMode }, (hidden) => bind(server, { path: hidden }));
    return { address: listen, release };
  }
  const { ip6, host, port } = HOST_AND_PORT.exec(listen)?.groups ?? {};
  if (port === undefined) throw new Error('neither host:port nor unix:/path');
  // A name with addresses of both kinds means the older one: `localhost` is then where everybody looks for it.
  const { address } = await lookup(ip6 ?? host ?? '', { order: 'ipv4first' });
  await bind(server, { host: address, port: Number(port) });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port was bound');
  return { address: `${listen.slice(0, listen.lastIndexOf(':'))}:${bound.port}` };
}

async function bind(server: Server, where: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(where, resolve);
  await promise;
  server.off('error', reject);
}

/** The system's own word where it has one. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
