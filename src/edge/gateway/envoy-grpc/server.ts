import { createGrpcJsTransport } from './grpc-js.ts';
import { GRPC_LIMITS } from './limits.ts';
import type { GrpcLimits } from './limits.ts';
import { createMethods } from './methods.ts';
import type { Answer } from './methods.ts';

export interface EnvoyGrpcServerOptions {
  /** `127.0.0.1:9000`, `[::1]:9000` (port 0: any free one) or `unix:/run/tollgate/check.sock`. */
  readonly listen: string;
  readonly answer: Answer;
  /** Told of every exception that nobody meant; the gateway gets gRPC INTERNAL and nothing of its text. */
  readonly onBug: (error: unknown) => void;
  readonly limits?: Partial<GrpcLimits>;
}

export interface EnvoyGrpcServer {
  /** Binds; resolves to the address with the port that was bound. Health says NOT_SERVING until `announceServing`. */
  start(): Promise<{ readonly address: string }>;
  announceServing(): void;
  /** Tells gateways to ask elsewhere; checks that still come are answered. */
  announceStopping(): void;
  /** Takes no new calls, lets open ones end, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Envoy's external authorization service and gRPC health checks, on one listener. */
export function createEnvoyGrpcServer(options: EnvoyGrpcServerOptions): EnvoyGrpcServer {
  const limits = { ...GRPC_LIMITS, ...options.limits };
  let serving = false;
  const transport = createGrpcJsTransport({
    listen: options.listen,
    methods: createMethods({
      answer: options.answer,
      onBug: options.onBug,
      isServing: () => serving,
      runningMax: limits.runningMax,
    }),
    limits,
  });
  const announceServing = (): void => {
    serving = true;
  };
  const announceStopping = (): void => {
    serving = false;
  };
  return {
    start: () => transport.start(),
    announceServing,
    announceStopping,
    stop: (graceMs) => {
      announceStopping();
      return transport.stop(graceMs);
    },
  };
}
