import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Reply } from '../../../src/domain/reply.ts';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { createHttpEntrance } from '../../../src/edge/gateway/http/server.ts';
import type { HttpEntranceOptions } from '../../../src/edge/gateway/http/server.ts';
import { KONG } from '../../../src/edge/gateway/kong/server.ts';
import type { RawAnswer } from '../../../src/cli/conformance/client/raw-http.ts';
import { poll } from '../envoy.ts';
import { denyReply } from '../replies.ts';
import type { KongFront } from './kong-recipe.ts';

export const TOKEN = 'what-the-gateway-shows-0123456789abcdef';

/** A Tollgate of which only the entrance is real: a test gives its answers. */
export interface Answering {
  /** As the plugin is told it: `http://127.0.0.1:9001`. */
  readonly url: string;
  /** What was asked since the last `answer`. */
  readonly checks: AuthzRequest[];
  readonly bugs: unknown[];
  strangers(): number;
  /** What `ask` got from an answer of the test's: asked again where this process was too busy to be asked. */
  decided(ask: () => Promise<RawAnswer>): Promise<RawAnswer>;
  /** From now on, and forgets what was asked. */
  answer(next: (request: AuthzRequest) => Reply): void;
  stop(): Promise<void>;
}

export async function startAnswering(
  changes: Partial<Pick<HttpEntranceOptions, 'listen' | 'tls'>> = {},
): Promise<Answering> {
  const checks: AuthzRequest[] = [];
  const bugs: unknown[] = [];
  let strangers = 0;
  let refusals = 0;
  let reply: (request: AuthzRequest) => Reply = () => denyReply({ code: 'not_found', status: 404 });
  const entrance = createHttpEntrance(KONG, {
    listen: '127.0.0.1:0',
    socketMode: 0o660,
    token: TOKEN,
    answer: (request) => {
      checks.push(request);
      return reply(request);
    },
    refuse: () => {
      refusals += 1;
      return denyReply({ code: 'unavailable', status: 503 });
    },
    onBug: (error) => bugs.push(error),
    onStranger: () => (strangers += 1),
    onRefused: () => {},
    checksMax: 100,
    ...changes,
  });
  const decided: Answering['decided'] = async (ask) => {
    const before = refusals;
    const answered = await ask();
    return refusals === before ? answered : decided(ask);
  };
  const { address } = await entrance.start();
  const scheme = changes.tls === undefined ? 'http' : 'https';
  return {
    url: address.startsWith('unix:') ? address : `${scheme}://${address}`,
    checks,
    bugs,
    strangers: () => strangers,
    decided,
    answer(next) {
      checks.length = 0;
      bugs.length = 0;
      strangers = 0;
      reply = next;
    },
    stop: () => entrance.stop(1_000),
  };
}

/** What Kong's log plugins get of an answered request: they are told once it is answered. */
export async function readLogOf(front: KongFront, { headers }: RawAnswer): Promise<unknown> {
  const id = headers.find(([name]) => name === 'x-kong-request-id')?.[1];
  const isOf = (entry: unknown): boolean => (entry as LogEntry).request?.id === id;
  const entries = await poll(
    () => front.readLog(),
    (read) => read.some(isOf),
  );
  return entries.find(isOf);
}

interface LogEntry {
  readonly request?: { readonly id?: string };
}

/** What an application received. */
export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/** An application behind the gateway, with headers of its own on its answers. */
export interface Application {
  readonly port: number;
  readonly received: Received[];
  stop(): Promise<void>;
}

export async function startApplication(headers: OutgoingHttpHeaders = {}): Promise<Application> {
  const received: Received[] = [];
  const server = createHttpServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headersDistinct } = request;
      received.push({ method, target: url, headers: headersDistinct as Received['headers'], body });
      response.writeHead(200, headers).end('application');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One question as it came over a socket. */
export interface Question {
  readonly socket: Socket;
  readonly message: string;
  /** The how manieth of its connection, from 1. */
  readonly ofConnection: number;
}

/** A Tollgate that answers bytes. */
export interface BrokenTollgate {
  readonly url: string;
  /** The messages asked with, in order. */
  readonly messages: readonly string[];
  stop(): Promise<void>;
}

export async function startBroken(answer: (question: Question) => void): Promise<BrokenTollgate> {
  const sockets = new Set<Socket>();
  const messages: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    let ofConnection = 0;
    let received = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const message = bodyOf(received);
      if (message === undefined) return;
      received = '';
      ofConnection += 1;
      messages.push(message);
      answer({ socket, message, ofConnection });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** undefined while a part is missing. */
function bodyOf(received: string): string | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1]);
  const body = received.slice(headEnd + 4);
  return headEnd >= 0 && body.length >= length ? body : undefined;
}

/** An answer as Tollgate frames it. */
export function framed(body: string, status = 200): string {
  return `HTTP/1.1 ${status} Any\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
