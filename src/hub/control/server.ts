import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from '../../domain/audit.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import { DependencyDown } from '../../ports.ts';
import { ShapeError } from '../../lib/shape.ts';
import { closeServer } from '../http/close-server.ts';
import { listenOnSocket } from './socket-file.ts';
import { CALLS } from './calls.ts';
import type { Call } from './calls.ts';
import { readUser, toCliActor } from './os-user.ts';
import { FAULT_STATUS, OPERATION_PATH, REQUEST_BYTES_MAX, USER_HEADER } from './protocol.ts';

export interface ControlServer {
  /** Throws `OperationRefused` where the socket's path cannot be had. */
  start(): Promise<void>;
  /** Lets running operations finish for two seconds, then ends every connection and removes the socket. */
  stop(): Promise<void>;
}

export interface ControlServerOptions {
  /** Where the unix socket is made, with mode 0600. */
  readonly path: string;
  /** The operations on behalf of somebody. */
  readonly operations: (actor: Actor) => Operations;
  /** Receives what no operation throws on purpose; the caller sees none of it. */
  readonly onBug: (error: unknown) => void;
  /** How long a request may take to arrive; default REQUEST_MS. */
  readonly requestMs?: number;
}

const REQUEST_MS = 10_000;
/** Longer than any operation waits for its edges: only a stuck one is ended by it. */
const SILENCE_MS = 120_000;
const HEADER_BYTES_MAX = 8 * 1024;
const CONNECTIONS_MAX = 32;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Offers the operations to processes of the same user over a unix socket. */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const requestMs = options.requestMs ?? REQUEST_MS;
  const server = createServer(
    {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.ceil(requestMs / 4),
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => {
      serve(options, request, response).catch((error: unknown) => {
        options.onBug(error);
        response.destroy();
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  // One operation a connection: pipelining could otherwise start any number of them.
  server.maxRequestsPerSocket = 1;
  server.timeout = SILENCE_MS;
  let socketFile: Awaited<ReturnType<typeof listenOnSocket>> | undefined;
  return {
    start: async () => {
      socketFile = await listenOnSocket(server, options.path);
      server.on('error', options.onBug);
    },
    stop: async () => {
      await socketFile?.release?.();
      socketFile = undefined;
      await closeServer(server);
    },
  };
}

async function serve(
  options: ControlServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await findAnswer(options, request);
  if (answer === undefined || response.destroyed) return;
  const body = Buffer.from(JSON.stringify(answer.body));
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': body.byteLength,
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(body);
}

/** undefined: the caller went away before the request was whole. */
async function findAnswer(
  options: ControlServerOptions,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const call = CALLS.get(readOperation(request));
  const refusal = checkRequest(request, call);
  if (refusal !== undefined || call === undefined) return refusal;
  const body = await readBody(request);
  if (body === undefined) return undefined;
  try {
    return { status: 200, body: await call(options.operations(readActor(request)), parse(body)) };
  } catch (error) {
    return toRefusal(error, options.onBug);
  }
}

function readOperation({ url = '' }: IncomingMessage): string {
  return url.startsWith(OPERATION_PATH) ? url.slice(OPERATION_PATH.length) : '';
}

function readActor({ headers }: IncomingMessage): Actor {
  const { [USER_HEADER]: user } = headers;
  return toCliActor(readUser(typeof user === 'string' ? user : ''), 'control');
}

function checkRequest(request: IncomingMessage, call: Call | undefined): Answer | undefined {
  if (request.method !== 'POST') return refused(405, 'only POST is understood');
  if (call === undefined) return refused(404, 'no such operation: the server may be of another version');
  const { 'content-length': length } = request.headers;
  if (length === undefined) return refused(411, 'content-length is required');
  if (Number(length) > REQUEST_BYTES_MAX) return refused(413, `at most ${REQUEST_BYTES_MAX} bytes are read`);
  return undefined;
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    // Node's parser ends the request at its content-length, which was checked: no more than that can gather here.
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The connection broke or was too slow; its other end learns it from the closed socket.
    return undefined;
  }
  return Buffer.concat(chunks);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new ShapeError('the body must be JSON in UTF-8');
  }
}

function toRefusal(error: unknown, onBug: (error: unknown) => void): Answer {
  if (error instanceof OperationRefused) {
    return {
      status: FAULT_STATUS[error.fault],
      body: { fault: error.fault, message: error.message },
    };
  }
  if (error instanceof ShapeError) return refused(400, error.message);
  if (error instanceof DependencyDown) {
    return { status: FAULT_STATUS.unavailable, body: { fault: 'unavailable', message: error.message } };
  }
  onBug(error);
  return { status: 500, body: {} };
}

function refused(status: number, message: string): Answer {
  return { status, body: { fault: 'invalid', message } };
}
