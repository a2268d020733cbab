import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { sendUnaryData, ServerOptions, ServerUnaryCall } from '@grpc/grpc-js';
import { NOTHING_MEASURED } from '../../../domain/measurements.ts';
import { GRPC } from '../../../lib/grpc-code.ts';
import { GrpcError } from './grpc-error.ts';
import { AGE_GRACE_MS, PING_MS, PING_TIMEOUT_MS, SESSION_MEGABYTES_MAX } from './limits.ts';
import type { GrpcLimits } from './limits.ts';
import { createListener } from './listener.ts';
import type { ListenerOptions } from './listener.ts';
import type { CallInfo, GrpcTransport, Method, Methods } from './transport.ts';

export interface GrpcJsOptions extends Pick<ListenerOptions, 'listen' | 'socketMode' | 'tls' | 'onRefused'> {
  readonly methods: Methods;
  readonly limits: GrpcLimits;
}

/** Unary gRPC over HTTP/2 by @grpc/grpc-js, on connections that our own listener has let in. */
export function createGrpcJsTransport(options: GrpcJsOptions): GrpcTransport {
  // It would write to the console by itself what `start` says better.
  setLogVerbosity(logVerbosity.NONE);
  const { methods, limits, ...where } = options;
  const server = new Server(toServerOptions(limits));
  for (const [path, method] of methods) {
    server.register<Buffer, Uint8Array>(path, toHandler(method), toBuffer, (bytes) => bytes, 'unary');
  }
  // A connection arrives here decrypted: to grpc-js it is a plain one.
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createListener({
    ...where,
    connectionsMax: limits.connectionsMax,
    onConnection: (socket) => connections.injectConnection(socket),
  });
  return {
    start: async () => ({ address: await listener.start() }),
    measure: () => NOTHING_MEASURED,
    async stop(graceMs) {
      await listener.stop();
      // GOAWAY on every connection; what is left after the grace is cut.
      connections.drain(graceMs);
      await whenClosed(server);
    },
  };
}

function toServerOptions(limits: GrpcLimits): ServerOptions {
  return {
    'grpc.max_concurrent_streams': limits.streamsMax,
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc-node.max_session_memory': SESSION_MEGABYTES_MAX,
    'grpc.max_connection_idle_ms': limits.idleMs,
    'grpc.max_connection_age_ms': limits.ageMs,
    'grpc.max_connection_age_grace_ms': AGE_GRACE_MS,
    'grpc.keepalive_time_ms': PING_MS,
    'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
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
    else respond(null, Buffer.from(answer));
  };
}

function toCallInfo(call: ServerUnaryCall<Buffer, Uint8Array>): CallInfo {
  const deadlineMs = Number(call.getDeadline());
  return { timeoutMs: deadlineMs === Infinity ? Infinity : Math.max(0, deadlineMs - Date.now()) };
}

function toStatus(error: unknown): { code: number; details: string } {
  if (error instanceof GrpcError) return { code: error.code, details: error.message };
  return { code: GRPC.internal, details: 'internal error' };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `forceShutdown` is of no use: without channelz it does not know the connections. */
function whenClosed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.tryShutdown(() => resolve());
  return promise;
}
