import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Echo {
  readonly port: number;
  stop(): Promise<void>;
}

/** What the application behind the gateway received. */
export interface Echoed {
  readonly method: string;
  readonly target: string;
  /** By lower-case name, every line of it. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

const BODY_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 256;
const REQUEST_MS = 10_000;

/** An application that answers 200 with what it received, as JSON. Port 0 takes a free one. */
export async function startEcho(port: number): Promise<Echo> {
  const server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
    void answer(request, response);
  });
  server.maxConnections = CONNECTIONS_MAX;
  const bound = Promise.withResolvers<number>();
  server.once('error', bound.reject);
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    bound.resolve(typeof address === 'object' && address !== null ? address.port : port);
  });
  return { port: await bound.promise, stop };

  function stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    return closed.promise;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX || isChunked(request)) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const body = await readBody(request).catch(() => undefined);
  if (body === undefined) return;
  const echoed = {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: request.headersDistinct,
    body,
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(echoed, null, 2)}\n`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  return body;
}

/** A body without a length has no bound: this application takes none. */
function isChunked(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined;
}
