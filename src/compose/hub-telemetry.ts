import type { ConfigDocument } from '../config/document.ts';
import { NOTHING_MEASURED, joinMeasurements } from '../domain/measurements.ts';
import type { Measurements } from '../domain/measurements.ts';
import type { Policy } from '../domain/policy.ts';
import type { Report } from '../domain/report.ts';
import { createHealth } from '../telemetry/health.ts';
import type { Health, Readiness } from '../telemetry/health.ts';
import { toErrorFields } from '../telemetry/log.ts';
import { createProcessVitals, measureOnce } from '../telemetry/process-vitals.ts';
import { createMetricsRegistry } from '../telemetry/registry.ts';
import { createTelemetryServer } from '../telemetry/server.ts';
import { createStoreTimings } from '../telemetry/store-timings.ts';
import type { StoreTimings } from '../telemetry/store-timings.ts';
import { startThreadVitals } from '../telemetry/thread-vitals.ts';
import type { ThreadVitals } from '../telemetry/thread-vitals.ts';
import { toZeroes } from '../telemetry/zeroes.ts';
import { listGateways } from './http-entrances.ts';
import type { World } from './world.ts';

/** All that the hub tells of the process, and where it does. */
export interface HubTelemetry extends Pick<Health, 'edgeServes' | 'stopping'> {
  /** Takes what an edge reports. */
  takeReport(report: Report): void;
  /** Takes what another thread measured. */
  readonly take: (measured: Measurements) => void;
  /** Times what this thread asks of the store. */
  readonly time: StoreTimings['time'];
  /** Shows how many last uses wait to be written. */
  readonly showPending: (count: () => number) => void;
  /** Resolves to the address; undefined where telemetry is off. */
  start(): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface HubTelemetryOptions {
  readonly document: ConfigDocument;
  readonly policy: Policy;
  readonly log: World['log'];
}

export function createHubTelemetry({ document, policy, log }: HubTelemetryOptions): HubTelemetry {
  const own = createOwnMeasurements();
  const { registry, health, take, look, render } = createView(() => own.drain());
  take(measureOnce(document));
  take({ ...NOTHING_MEASURED, increments: toZeroes(policy.apis, listGateways(document.check.http)) });
  const { listen } = document.telemetry;
  const server = createTelemetryServer({
    listen,
    look,
    metrics: { contentType: registry.contentType, render },
    onBug: (error) => log.error('a request for telemetry failed for a bug', toErrorFields(error)),
  });
  return {
    time: own.time,
    showPending: (count) => own.showPending(count),
    take,
    takeReport(report) {
      registry.takeChecks(report.checks);
      take(report.measured);
      health.edgeHeard();
    },
    edgeServes: health.edgeServes,
    stopping: health.stopping,
    async start() {
      if (listen === 'off') return undefined;
      own.start();
      return server.start();
    },
    async stop() {
      await server.stop();
      own.stop();
    },
  };
}

/** What is shown: all that other threads told, and, at the moment it is asked for, what this one measured. */
function createView(drainOwn: () => Measurements) {
  const registry = createMetricsRegistry();
  const health = createHealth(() => performance.now());
  const take = (measured: Measurements): void => {
    registry.take(measured);
    health.take(measured);
  };
  const look = (): Readiness => {
    take(drainOwn());
    return health.look();
  };
  const render = (): Promise<string> => {
    const value = look().ready ? 1 : 0;
    registry.take({ ...NOTHING_MEASURED, levels: [{ metric: 'tollgate_ready', labels: {}, value }] });
    return registry.render();
  };
  return { registry, health, take, look, render };
}

/** What this thread measures of itself, gathered when somebody asks. */
function createOwnMeasurements() {
  const timings = createStoreTimings();
  const measureProcess = createProcessVitals();
  let vitals: ThreadVitals | undefined;
  let countPending: (() => number) | undefined;
  return {
    time: timings.time,
    showPending(count: () => number): void {
      countPending = count;
    },
    start: () => void (vitals ??= startThreadVitals('main')),
    stop: () => vitals?.stop(),
    drain(): Measurements {
      const stored: Measurements = {
        increments: [],
        levels: [{ metric: 'tollgate_write_behind_pending', labels: {}, value: countPending?.() ?? 0 }],
        observations: timings.drain(),
      };
      return joinMeasurements(stored, measureProcess(), ...(vitals === undefined ? [] : [vitals.drain()]));
    },
  };
}
