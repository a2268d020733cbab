import type { Duplex } from 'node:stream';
import type { GrpcRefusal, Measurements } from '../../../../domain/measurements.ts';
import type { Methods } from '../transport.ts';
import { CoarseClock } from './coarse-clock.ts';
import { Connection } from './connection.ts';
import { WireCounts } from './counts.ts';
import { Deadlines } from './deadlines.ts';
import { TICK_MS } from './limits.ts';
import type { WireLimits } from './limits.ts';
import { Memory } from './memory.ts';
import type { Shared } from './shared.ts';

export interface WireServerOptions {
  readonly methods: Methods;
  readonly limits: WireLimits;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told of every exception that nobody meant: it ends its call or its connection, never more. */
  readonly onBug: (error: unknown) => void;
  /** Told of each message when its method has returned: a test may overwrite it, as the next read will. */
  readonly onRead?: ((message: Uint8Array) => void) | undefined;
}

/** Unary gRPC over HTTP/2 (RFC 9113), on connections that somebody else has let in. */
export interface WireServer {
  /** Takes over a connection, cleartext or decrypted, together with what was read of it already. */
  accept(socket: Duplex): void;
  /** Counts what was not let in. */
  refused(reason: GrpcRefusal): void;
  /** What was done since it was asked last. */
  measure(): Measurements;
  /** Says GOAWAY on all connections, lets open calls end, and cuts what is left after `graceMs`. Resolves once all are closed. */
  stop(graceMs: number): Promise<void>;
}

export function createWireServer({
  methods,
  limits,
  nowMs,
  random,
  onBug,
  onRead,
}: WireServerOptions): WireServer {
  const memory = new Memory(limits.memoryBytesMax);
  const clock = new CoarseClock(nowMs);
  const counts = new WireCounts(memory);
  const deadlines = new Deadlines(nowMs);
  const shared: Shared = { methods, limits, counts, memory, deadlines, clock, nowMs, random, onBug, onRead };
  const connections = new Set<Connection>();
  const closed = Promise.withResolvers<void>();
  let stopGraceMs: number | undefined;
  const ticking = setInterval(() => {
    const tickMs = clock.update();
    for (const connection of connections) connection.tick(tickMs);
  }, TICK_MS).unref();
  const finishStop = (): void => {
    if (stopGraceMs === undefined || connections.size > 0) return;
    clearInterval(ticking);
    closed.resolve();
  };
  return {
    accept(socket) {
      const connection: Connection = new Connection(socket, shared, () => {
        connections.delete(connection);
        finishStop();
      });
      connections.add(connection);
      if (stopGraceMs !== undefined) connection.drain(stopGraceMs);
    },
    refused: (reason) => counts.refused(reason),
    measure: () => counts.drain(),
    stop(graceMs) {
      stopGraceMs = graceMs;
      for (const connection of connections) connection.drain(graceMs);
      finishStop();
      return closed.promise;
    },
  };
}
