import { lookup } from 'node:dns/promises';
import type { ListenOptions, Server } from 'node:net';
import { placeSocket } from './unix-socket.ts';

export interface BindPlace {
  /** `127.0.0.1:9000`, `[::1]:9000` (port 0: any free one) or `unix:/run/tollgate/check.sock`. */
  readonly listen: string;
  /** Rights of a unix socket. */
  readonly socketMode: number;
}

export interface Bound {
  /** With the port that was bound. */
  readonly address: string;
  /** Removes what was put in place, once the server takes no more connections. */
  readonly release?: () => Promise<void>;
}

/** Lets a server listen. Rejects with one clear sentence. */
export async function bindServer(server: Server, place: BindPlace): Promise<Bound> {
  try {
    return await open(server, place);
  } catch (error) {
    // It may be bound although its place could not be had.
    server.close();
    throw toListenError(place, error);
  }
}

/** Why nobody can be listened to at a place, in the system's own word where it has one. */
export function toListenError({ listen }: Pick<BindPlace, 'listen'>, error: unknown): Error {
  return new Error(`cannot listen on ${listen}: ${toReason(error)}`, { cause: error });
}

const UNIX = 'unix:';
/** A port must be named: a missing one would be chosen by the system. */
const HOST_AND_PORT = /^(?:\[(?<ip6>[\da-f:.]+)\]|(?<host>[^:[\]/]+)):(?<port>\d{1,5})$/i;

async function open(server: Server, { listen, socketMode }: BindPlace): Promise<Bound> {
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

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
