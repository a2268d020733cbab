import type { GrpcRefusal, Increment, Measurements } from '../../../../domain/measurements.ts';
import type { Memory } from './memory.ts';

/** What the wire transport has done since it was asked last, and how it stands. */
export class WireCounts {
  private readonly memory: Memory;
  private readonly refusals = new Map<GrpcRefusal, number>();
  openConnections = 0;
  openCalls = 0;
  connections = 0;
  calls = 0;
  receivedBytes = 0;
  sentBytes = 0;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  refused(reason: GrpcRefusal): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  drain(): Measurements {
    const { connections, calls, receivedBytes, sentBytes } = this;
    const refusals = [...this.refusals].map(([reason, by]): Increment => {
      return { metric: 'tollgate_grpc_refusals_total', labels: { reason }, by };
    });
    this.refusals.clear();
    this.connections = 0;
    this.calls = 0;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    return {
      increments: [
        { metric: 'tollgate_grpc_connections_total', labels: {}, by: connections },
        { metric: 'tollgate_grpc_calls_total', labels: {}, by: calls },
        { metric: 'tollgate_grpc_bytes_total', labels: { direction: 'received' }, by: receivedBytes },
        { metric: 'tollgate_grpc_bytes_total', labels: { direction: 'sent' }, by: sentBytes },
        ...refusals,
      ],
      levels: [
        { metric: 'tollgate_grpc_connections', labels: {}, value: this.openConnections },
        { metric: 'tollgate_grpc_calls', labels: {}, value: this.openCalls },
        { metric: 'tollgate_grpc_waiting_bytes', labels: {}, value: this.memory.usedBytes },
      ],
      observations: [],
    };
  }
}
