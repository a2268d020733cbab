import type { GrpcLimits } from './limits.ts';
import { createListener } from './listener.ts';
import type { ListenerOptions } from './listener.ts';
import type { GrpcTransport, Methods } from './transport.ts';
import { toWireLimits } from './wire/limits.ts';
import { createWireServer } from './wire/server.ts';
import type { WireServerOptions } from './wire/server.ts';

export interface WireTransportOptions
  extends
    Pick<ListenerOptions, 'listen' | 'socketMode' | 'tls' | 'onRefused'>,
    Pick<WireServerOptions, 'nowMs' | 'onBug'> {
  readonly methods: Methods;
  readonly limits: GrpcLimits;
}

/** Unary gRPC over our own HTTP/2, on connections that our own listener has let in. */
export function createWireTransport(options: WireTransportOptions): GrpcTransport {
  const { methods, limits, nowMs, onBug, onRefused, ...where } = options;
  const server = createWireServer({
    methods,
    limits: toWireLimits(limits),
    nowMs,
    random: Math.random,
    onBug,
  });
  const listener = createListener({
    ...where,
    connectionsMax: limits.connectionsMax,
    onConnection: (socket) => server.accept(socket),
    onRefused(reason) {
      server.refused(reason);
      onRefused(reason);
    },
  });
  return {
    start: async () => ({ address: await listener.start() }),
    measure: () => server.measure(),
    async stop(graceMs) {
      await listener.stop();
      await server.stop(graceMs);
    },
  };
}
