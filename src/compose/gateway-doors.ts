import { OperationRefused } from '../domain/operations.ts';
import { joinMeasurements } from '../domain/measurements.ts';
import type { Measurements } from '../domain/measurements.ts';
import type { Note } from '../domain/report.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Service } from '../edge/answer.ts';
import { createEnvoyGrpcServer } from '../edge/gateway/envoy-grpc/server.ts';
import type { EdgeAddresses, EdgeHostOptions } from './edge-host.ts';
import { createHttpEntrances } from './http-entrances.ts';
import { createRefusalLog } from './refused-connections.ts';
import { createStrangerLog } from './stranger-log.ts';

/** Wherever gateways ask one edge. */
export interface GatewayDoors {
  /** Binds all of them. Rejects with `OperationRefused` where it cannot listen. */
  start(): Promise<EdgeAddresses>;
  measure(): Measurements;
  /** Tells gateways to go elsewhere, answers what is under way, closes after at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface DoorsDeps extends Pick<EdgeHostOptions, 'listener' | 'entrances' | 'clock'> {
  readonly service: Pick<Service, 'answer' | 'refuse'>;
  readonly note: (note: Note) => void;
  readonly onBug: (error: unknown) => void;
}

export function createGatewayDoors(deps: DoorsDeps): GatewayDoors {
  const { service, note, onBug, clock, listener } = deps;
  const asked = {
    answer: (request: AuthzRequest) => service.answer(request),
    refuse: (request: AuthzRequest) => service.refuse(request),
    onBug,
    onRefused: createRefusalLog(clock, note),
  };
  const server = createEnvoyGrpcServer({ ...listener, ...asked });
  const entrances = createHttpEntrances(deps.entrances, {
    ...asked,
    onStranger: createStrangerLog('check.http', clock, note),
    checksMax: listener.limits.checksMax,
  });
  // As long as gRPC still answers those who have not heard of the end, HTTP does.
  const closeEntrances = async (graceMs: number): Promise<void> => {
    if (listener.stopDelayMs > 0) await pause(listener.stopDelayMs);
    await entrances.stop(graceMs);
  };
  return {
    async start() {
      const { address: checkGrpc } = await server.start().catch(refuseToStart);
      const checkHttp = await entrances.start().catch(refuseToStart);
      server.announceServing();
      return { checkGrpc, checkHttp };
    },
    measure: () => joinMeasurements(server.measure(), entrances.measure()),
    async stop(graceMs) {
      await Promise.all([server.stop(graceMs), closeEntrances(graceMs)]);
    },
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function refuseToStart(error: unknown): never {
  throw new OperationRefused('unavailable', error instanceof Error ? error.message : String(error));
}
