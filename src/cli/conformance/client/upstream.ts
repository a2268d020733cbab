import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toHeaderLines } from '../../../lib/header-lines.ts';
import type { SentHeader } from './client.ts';

export interface Received {
  readonly method: string;
  readonly target: string;
  /** Names in lower case, every line of its own. */
  readonly headers: readonly SentHeader[];
  readonly body: string;
}

/** An application that remembers every request it got, and as one without a method and a target what it could not read. */
export interface Upstream {
  readonly port: number;
  /** All since the last call, in order. */
  readonly take: () => readonly Received[];
  /** Resolves once there is something to take, and without it after `withinMs`. */
  readonly untilReached: (withinMs: number) => Promise<void>;
  stop(): Promise<void>;
}

/** The key of RFC 6455 §1.3, and what a server makes of it. */
export const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADED = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '\r\n',
].join('\r\n');

/** What the application answers. */
export const APPLICATION_BODY = 'upstream';

/** A WebSocket without a key is none (RFC 6455 §4.2.1). */
const NOT_UPGRADED = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nupstream';
const UNREADABLE = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** What an upgraded request shows in place of a body. */
export const UPGRADED_BODY = 'upgraded';

/** More than any trial sends. */
const KEPT_MAX = 1_000;
const CONNECTIONS_MAX = 256;
const BODY_CHARS_MAX = 64 * 1_024;
/** Some gateways send the path a second time, as a header. */
const HEADER_BYTES_MAX = 64 * 1_024;
/**
 * Gateways and orchestrators ask for an application's health, which is nothing that a client sent. That it lacks a mark of ours would be
 * no sign: so does a request which an attack hides in another one.
 */
const PROBES = /^(?:envoy\/hc|kube-probe\/|elb-healthchecker\/|googlehc\/)/i;

export interface UpstreamPlace {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The target of requests that look at the application's health alone: none of them is remembered. */
  readonly healthPath?: string;
}

const LOOPBACK: UpstreamPlace = { host: '127.0.0.1', port: 0 };

/** Rejects with what the operating system says where it cannot listen. */
export async function startUpstream(place = LOOPBACK): Promise<Upstream> {
  const { keep, take, untilReached } = createMemory(place);
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (message, response) => {
    void readBody(message).then((body) => {
      keep({ headers: toHeaderLines(message.rawHeaders), ...toLine(message), body });
      response.writeHead(200).end(APPLICATION_BODY);
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('upgrade', (message, socket) => {
    socket.on('error', () => undefined);
    keep({ headers: toHeaderLines(message.rawHeaders), ...toLine(message), body: UPGRADED_BODY });
    const { upgrade, 'sec-websocket-key': key } = message.headers;
    socket.end(upgrade === 'websocket' && key === undefined ? NOT_UPGRADED : UPGRADED);
  });
  server.on('clientError', (error, socket) => {
    // What this application cannot read another one can: it has got here all the same.
    if (isParseError(error)) keep({ method: '', target: '', headers: [], body: '' });
    if (socket.writable) socket.end(UNREADABLE);
    else socket.destroy();
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(place.port, place.host, () => resolve());
  await listening;
  return {
    port: (server.address() as AddressInfo).port,
    take,
    untilReached,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Memory {
  readonly keep: (received: Received) => void;
  readonly take: Upstream['take'];
  readonly untilReached: Upstream['untilReached'];
}

function createMemory(place: UpstreamPlace): Memory {
  let kept: Received[] = [];
  let arrival = Promise.withResolvers<void>();
  return {
    keep(received) {
      if (kept.length === KEPT_MAX || isProbe(received, place)) return;
      kept.push(received);
      arrival.resolve();
    },
    take() {
      const taken = kept;
      kept = [];
      arrival = Promise.withResolvers();
      return taken;
    },
    async untilReached(withinMs) {
      const { promise: overdue, resolve } = Promise.withResolvers<void>();
      const giveUp = setTimeout(resolve, withinMs);
      await Promise.race([arrival.promise, overdue]);
      clearTimeout(giveUp);
    },
  };
}

function isProbe({ target, headers }: Received, { healthPath }: UpstreamPlace): boolean {
  if (target === healthPath) return true;
  return headers.some(([name, value]) => name === 'user-agent' && PROBES.test(value));
}

/** As Node's HTTP parser names its errors; the others are a connection's. */
function isParseError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('HPE_');
}

interface RequestLine {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

function toLine({ method = '', url = '' }: RequestLine): Pick<Received, 'method' | 'target'> {
  return { method, target: url };
}

/** Its beginning, where it is long; what a client broke off ends there. */
async function readBody(message: AsyncIterable<unknown>): Promise<string> {
  let body = '';
  try {
    for await (const chunk of message) {
      if (body.length < BODY_CHARS_MAX) body += (chunk as Buffer).toString('utf8');
    }
  } catch {
    return body;
  }
  return body;
}
