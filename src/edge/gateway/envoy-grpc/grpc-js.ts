import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { sendUnaryData, ServerOptions, ServerUnaryCall } from '@grpc/grpc-js';
import { GRPC, GrpcError } from './grpc-status.ts';
import type { GrpcLimits } from './limits.ts';
import type { CallInfo, GrpcTransport, Method, Methods } from './transport.ts';
import { clearStaleSocket, restrictSocket } from './unix-socket.ts';

export interface GrpcJsOptions {
  /** `127.0.0.1:9000`, `[::1]:9000` (port 0: any free one) or `unix:/run/tollgate/check.sock`. */
  readonly listen: string;
  readonly methods: Methods;
  readonly limits: GrpcLimits;
}

/** Unary gRPC over cleartext HTTP/2, by @grpc/grpc-js. */
export function createGrpcJsTransport(options: GrpcJsOptions): GrpcTransport {
  // It would write to the console by itself what `start` says better.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(toServerOptions(options.limits));
  for (const [path, method] of options.methods) {
    server.register<Buffer, Uint8Array>(path, toHandler(method), toBuffer, (bytes) => bytes, 'unary');
  }
  let bound: string | undefined;
  return {
    async start() {
      bound = await start(server, options.listen);
      return { address: bound };
    },
    stop: (graceMs) => stop(server, bound, graceMs),
  };
}

function toServerOptions(limits: GrpcLimits): ServerOptions {
  return {
    'grpc.max_concurrent_streams': limits.streamsMax,
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc-node.max_session_memory': limits.sessionMegabytesMax,
    'grpc.max_connection_idle_ms': limits.idleMs,
    'grpc.max_connection_age_ms': limits.ageMs,
    'grpc.max_connection_age_grace_ms': limits.ageGraceMs,
    'grpc.keepalive_time_ms': limits.pingMs,
    'grpc.keepalive_timeout_ms': limits.pingTimeoutMs,
    'grpc.enable_channelz': 0,
  };
}

function toHandler(method: Method) {
  return (call: ServerUnaryCall<Buffer, Uint8Array>, respond: sendUnaryData<Uint8Array>): void => {
    const fail = (error: unknown): void => respond(toStatus(error), null);
    let answer: ReturnType<Method>;
    try {
      answer = method(call.request, toCallInfo(call));
    } catch (error) {
      fail(error);
      return;
    }
    if (answer instanceof Promise) answer.then((bytes) => respond(null, bytes), fail);
    else respond(null, answer);
  };
}

function toCallInfo(call: ServerUnaryCall<Buffer, Uint8Array>): CallInfo {
  return { deadlineMs: Number(call.getDeadline()) };
}

function toStatus(error: unknown): { code: number; details: string } {
  if (error instanceof GrpcError) return { code: error.code, details: error.message };
  return { code: GRPC.internal, details: 'internal error' };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const UNIX = 'unix:';
/** A port must be named: grpc-js would take 443 for a missing one. */
const HOST_AND_PORT = /^(?<host>\[[\da-f:.]+\]|[^:[\]/]+):\d{1,5}$/i;

async function start(server: Server, listen: string): Promise<string> {
  if (listen.startsWith(UNIX)) {
    const path = listen.slice(UNIX.length);
    await clearStaleSocket(path);
    await bind(server, listen);
    await restrictSocket(path);
    return listen;
  }
  const host = HOST_AND_PORT.exec(listen)?.groups?.['host'];
  if (host === undefined) throw new Error(`cannot listen on ${listen}: neither host:port nor unix:/path`);
  return `${host}:${await bind(server, listen)}`;
}

function bind(server: Server, listen: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(listen, ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(new Error(`cannot listen on ${listen}: ${toReason(error)}`));
  });
  return promise;
}

/** The system's words, which grpc-js puts in brackets behind its own. */
function toReason(error: Error): string {
  return /\[listen (?<reason>.+)\]$/.exec(error.message)?.groups?.['reason'] ?? error.message;
}

/**
 * `drain` says goodbye to every connection and cuts what is left after the grace; `tryShutdown` closes the listener and calls back when
 * the last connection has gone. `forceShutdown` is of no use: without channelz it does not know the connections.
 */
function stop(server: Server, bound: string | undefined, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (bound !== undefined) server.drain(bound, graceMs);
  server.tryShutdown(() => resolve());
  return promise;
}
