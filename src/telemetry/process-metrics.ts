import { BUCKETS_SECONDS } from '../domain/measurements.ts';
import type { MetricsTable } from './metric-row.ts';

/** Of the process, whatever it decides: its threads, its connections with gateways, what it is made of. */
export const PROCESS_METRICS = {
  tollgate_event_loop_delay_seconds: {
    kind: 'histogram',
    unit: 'seconds',
    labels: ['thread'],
    buckets: BUCKETS_SECONDS.tollgate_event_loop_delay_seconds,
    help: 'How late a thread came to a timer that was due every 20 ms, of the edge, or every 100 ms, of the others',
  },
  tollgate_gc_seconds: {
    kind: 'histogram',
    unit: 'seconds',
    labels: ['thread', 'kind'],
    buckets: BUCKETS_SECONDS.tollgate_gc_seconds,
    help: 'How long a garbage collection held a thread up',
  },
  tollgate_grpc_connections: {
    kind: 'gauge',
    unit: 'connections',
    labels: [],
    help: 'Open connections of gateways; only of the transport wire, as all that follows of grpc',
  },
  tollgate_grpc_connections_total: {
    kind: 'counter',
    unit: 'connections',
    labels: [],
    help: 'Connections of gateways that were let in',
  },
  tollgate_grpc_calls: {
    kind: 'gauge',
    unit: 'calls',
    labels: [],
    help: 'Calls that have not ended',
  },
  tollgate_grpc_calls_total: {
    kind: 'counter',
    unit: 'calls',
    labels: [],
    help: 'Calls that were begun: checks, and questions about health',
  },
  tollgate_grpc_refusals_total: {
    kind: 'counter',
    unit: '',
    labels: ['reason'],
    help: 'Connections and calls of gateways that were closed for what the peer did; call_malformed and no_room_for_call: one call, the connection stays',
  },
  tollgate_grpc_bytes_total: {
    kind: 'counter',
    unit: 'bytes',
    labels: ['direction'],
    help: 'Bytes of gateways, without TLS',
  },
  tollgate_grpc_waiting_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Messages that have not come whole, answers that have not left',
  },
  tollgate_http_refusals_total: {
    kind: 'counter',
    unit: 'connections',
    labels: ['reason'],
    help: 'Connections to check.http that were closed for what the peer did; protocol: no HTTP/1.1, or more than may come, stalled: not whole in time',
  },
  tollgate_thread_busy_seconds_total: {
    kind: 'counter',
    unit: 'seconds',
    labels: ['thread'],
    help: 'Time in which a thread was not idle: its rate is how full it is',
  },
  tollgate_heap_used_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    labels: ['thread'],
    help: "Objects on a thread's heap; the packed tables lie outside",
  },
  tollgate_ready: {
    kind: 'gauge',
    unit: '',
    labels: [],
    help: '1 while /readyz says ready, else 0',
  },
  tollgate_config_info: {
    kind: 'gauge',
    unit: '',
    labels: ['digest'],
    help: '1; digest: the beginning of the SHA-256 of the configuration in use, without its secrets',
  },
  tollgate_build_info: {
    kind: 'gauge',
    unit: '',
    labels: ['version', 'node'],
    help: '1; the versions of Tollgate and of Node',
  },
  process_resident_memory_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Resident memory of the process',
  },
  process_cpu_seconds_total: {
    kind: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'CPU time of the process, all threads, user and system',
  },
  process_start_time_seconds: {
    kind: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'When the process started, since the Unix epoch',
  },
} as const satisfies Partial<MetricsTable>;
