import type { Measurements } from '../../../domain/measurements.ts';
import type { Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { createGrpcJsTransport } from './grpc-js.ts';
import type { GrpcTransport, Methods } from './transport.ts';
import { createWireTransport } from './wire.ts';
import type { GrpcLimits, TransportName } from './limits.ts';
import type { ConnectionRefusal, ListenerTls } from '../../../lib/listener/tls.ts';
import { LoopDelay, TICK_MS } from '../../../lib/loop-delay.ts';
import { createMethods } from './methods.ts';
import type { Answer } from './methods.ts';

export interface EnvoyGrpcServerOptions {
  /** `127.0.0.1:9000`, `[::1]:9000` (port 0: any free one) or `unix:/run/tollgate/check.sock`. */
  readonly listen: string;
  /** Rights of a unix socket. */
  readonly socketMode: number;
  readonly transport: TransportName;
  /** Absent: cleartext. */
  readonly tls?: ListenerTls | undefined;
  readonly answer: Answer;
  /** The outage in the words of the request's API, decided without its credential. */
  readonly refuse: (request: AuthzRequest) => Reply;
  /** Told of every exception that nobody meant; the gateway gets gRPC INTERNAL and nothing of its text. */
  readonly onBug: (error: unknown) => void;
  /** Told of every connection that was closed before it could ask. */
  readonly onRefused: (reason: ConnectionRefusal) => void;
  readonly limits: GrpcLimits;
  /** How long health says NOT_SERVING before connections are told to go, in milliseconds. */
  readonly stopDelayMs: number;
}

export interface EnvoyGrpcServer {
  /** Binds; resolves to the address with the port that was bound. Health says NOT_SERVING until `announceServing`. */
  start(): Promise<{ readonly address: string }>;
  announceServing(): void;
  /** What the transport did since it was asked last. */
  measure(): Measurements;
  /** Tells gateways to ask elsewhere; checks that still come are answered. */
  announceStopping(): void;
  /** In this order: health says NOT_SERVING, new connections are refused, GOAWAY, open checks end or are cut after `graceMs`, all is closed. Asked again, it answers when the first is done. */
  stop(graceMs: number): Promise<void>;
}

const nowMs = (): number => performance.now();

/** Envoy's external authorization service and gRPC health checks, on one listener. */
export function createEnvoyGrpcServer(options: EnvoyGrpcServerOptions): EnvoyGrpcServer {
  const { answer, refuse, onBug, limits, stopDelayMs } = options;
  const loop = new LoopDelay(nowMs());
  let serving = false;
  let ticking: NodeJS.Timeout | undefined;
  const methods = createMethods({
    answer,
    refuse,
    onBug,
    isServing: () => serving,
    isBehind: () => loop.isBehind,
    checksMax: limits.checksMax,
    nowMs,
  });
  const transport = createTransport(options, methods);
  const announceStopping = (): void => {
    serving = false;
  };
  const close = async (graceMs: number): Promise<void> => {
    announceStopping();
    // Whoever watches health leaves by itself: checks that still come are answered meanwhile.
    if (stopDelayMs > 0) await pause(stopDelayMs);
    await transport.stop(graceMs);
    clearInterval(ticking);
  };
  let closed: Promise<void> | undefined;
  return {
    start() {
      ticking ??= setInterval(() => loop.tick(nowMs()), TICK_MS).unref();
      return transport.start();
    },
    announceServing() {
      serving = true;
    },
    announceStopping,
    measure: () => transport.measure(),
    stop: (graceMs) => (closed ??= close(graceMs)),
  };
}

function createTransport(options: EnvoyGrpcServerOptions, methods: Methods): GrpcTransport {
  const { listen, socketMode, tls, limits, onRefused, onBug } = options;
  const where = { listen, socketMode, tls, limits, onRefused, methods };
  if (options.transport === 'grpc-js') return createGrpcJsTransport(where);
  return createWireTransport({ ...where, nowMs, onBug });
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
