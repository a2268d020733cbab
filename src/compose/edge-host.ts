import type { Policy } from '../domain/policy.ts';
import { NOTHING_MEASURED, joinMeasurements } from '../domain/measurements.ts';
import type { Level, Measurements } from '../domain/measurements.ts';
import type { Note, Report } from '../domain/report.ts';
import { fromPlainRequest } from '../domain/request.ts';
import type { AuthzRequest, PlainRequest } from '../domain/request.ts';
import type { Reply } from '../domain/reply.ts';
import { createService } from '../edge/answer.ts';
import { createMemoryCounters } from '../edge/counters/memory.ts';
import type { MemoryCounters } from '../edge/counters/memory.ts';
import { createWriteBehind } from '../edge/counters/write-behind.ts';
import { createDirectory } from '../edge/directory/packed.ts';
import type { PackedDirectory } from '../edge/directory/packed.ts';
import { createCountedRepeats } from '../edge/report/counted-repeats.ts';
import { Tally } from '../edge/report/tally.ts';
import { createRepeats } from '../edge/repeats/memory.ts';
import { createTokenVerifier } from '../edge/tokens/verifier.ts';
import { createKeyHasher } from '../lib/key-digest.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import { createSealer } from '../lib/seal.ts';
import type { SealingRing } from '../lib/seal.ts';
import type { GrpcListener } from './grpc-listener.ts';
import { createGatewayDoors } from './gateway-doors.ts';
import { listGateways } from './http-entrances.ts';
import type { HttpAddress, HttpPlace } from './http-entrances.ts';
import type { Clock, Eventually, Hub, Inspection } from '../ports.ts';

/** How often an edge reports, in milliseconds. */
const REPORT_INTERVAL_MS = 1_000;
/**
 * How often it tells which keys were used last, in milliseconds: what its death may forget of them, and how old what the store
 * tells of them may be. Each key costs the store a write, however often it was used meanwhile.
 */
const LAST_USES_INTERVAL_MS = 15_000;
/** How often it has the windows kept that changed, in milliseconds: what its death may forget of them. */
const KEEP_INTERVAL_MS = 1_000;
/** How long the end of the process waits until all windows are kept, in milliseconds. */
const KEEP_ALL_MS = 5_000;
/** How long it waits for the store to answer charges whose checks were answered without them, in milliseconds. */
const SETTLE_MS = 5_000;
const CHARGES_LEFT: Note = {
  level: 'warn',
  message: 'not all late charges were booked back at the end',
  fields: {},
};

export interface EdgeHostOptions {
  readonly policy: Policy;
  readonly peppers: PepperRing;
  readonly sealingKeys: SealingRing;
  /** How long a check may wait for whatever it asks, in milliseconds. */
  readonly budgetMs: number;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly listener: GrpcListener;
  readonly entrances: readonly HttpPlace[];
  /** Told of each check that was decided. */
  readonly onDecided?: (code: Reply['code']) => void;
}

/** One edge: decides checks and answers its gateway. */
export interface EdgeHost {
  /** Follows the feed until everything that stood in the store is known, takes over the windows that were kept, then listens. Rejects with `OperationRefused` where it cannot listen. */
  start(): Promise<EdgeAddresses>;
  answer(request: AuthzRequest): Eventually<Reply>;
  inspect(request: PlainRequest): Promise<Inspection>;
  /** Tells the gateway to go elsewhere, answers what is under way, closes after at most `graceMs`, and has all windows kept; resolves to the last report. */
  stop(graceMs: number): Promise<Report>;
}

export interface EdgeAddresses {
  readonly checkGrpc: string;
  readonly checkHttp: readonly HttpAddress[];
}

export function createEdgeHost(options: EdgeHostOptions): EdgeHost {
  const { policy, hub } = options;
  const tally = new Tally({ gateways: listGateways(options.entrances), apis: policy.apis });
  const onBug = (error: unknown): void => tally.note(toBugNote('a check failed for a bug', error));
  const { directory, counters, tokens, service, measure } = createDecider(options, tally, onBug);
  const note = (told: Note): void => tally.note(told);
  const doors = createGatewayDoors({ ...options, service, note, onBug });
  const endReports = startReports(hub, tally, () => joinMeasurements(measure(), doors.measure()));
  const keeping = createKeeping(options, counters, tally);
  return {
    async start() {
      await Promise.all([hub.follow((batch) => directory.apply(batch)), tokens.start()]);
      await keeping.load();
      return doors.start();
    },
    answer: (request) => service.answer(request),
    async inspect(request) {
      const { keyRow, ...known } = await service.inspect(fromPlainRequest(request));
      return { ...known, lastUsedMs: tally.lastUseOf(keyRow) ?? null };
    },
    async stop(graceMs) {
      await doors.stop(graceMs);
      tokens.close();
      await keeping.stop();
      if (!(await hub.settleCharges(SETTLE_MS))) tally.note(CHARGES_LEFT);
      return endReports();
    },
  };
}

/** Has the hub told what the tally gathers and `measure` finds, now and then; what is answered ends that, with a last report of all that is left. */
function startReports(hub: Pick<Hub, 'report'>, tally: Tally, measure: () => Measurements): () => Report {
  const drain = (): Report => {
    const report = tally.drain();
    return { ...report, measured: joinMeasurements(report.measured, measure()) };
  };
  const drainAll = (): Report => {
    tally.releaseLastUses();
    return drain();
  };
  const timers = [
    setInterval(() => hub.report(drain()), REPORT_INTERVAL_MS),
    setInterval(() => hub.report(drainAll()), LAST_USES_INTERVAL_MS),
  ];
  for (const timer of timers) timer.unref();
  return () => {
    for (const timer of timers) clearInterval(timer);
    return drainAll();
  };
}

/** The memory of one edge, and what decides out of it. */
function createDecider(
  { policy, peppers, sealingKeys, budgetMs, hub, clock, newRequestId, onDecided }: EdgeHostOptions,
  tally: Tally,
  onBug: (error: unknown) => void,
) {
  const directory = createDirectory({
    apis: policy.apis,
    hasher: createKeyHasher(peppers),
    sealer: createSealer(sealingKeys),
    onRetired: (keyRow, digest) => tally.foundRetired(keyRow, digest),
    onRetiredSeal: (keyRow, reseal) => tally.foundRetiredSeal(keyRow, reseal),
  });
  const onNote = (note: Note): void => tally.note(note);
  const tokens = createTokenVerifier({ apis: policy.apis, keys: directory, clock, onNote });
  const counters = createMemoryCounters();
  const service = createService(policy, {
    budgetMs,
    clock,
    directory,
    subjects: directory,
    tokens,
    counters,
    credits: hub,
    repeats: createCountedRepeats(createRepeats(), tally),
    onCharged: (api, credits) => tally.spent(api.name, credits),
    newRequestId,
    observe(decision, reply, now, gateway) {
      tally.decided(decision, reply, now, gateway);
      tally.took((clock.monotonicMs?.() ?? clock.now().monotonicMs) - now.monotonicMs, gateway);
      onDecided?.(reply.code);
    },
    onBug,
  });
  const measure = () =>
    joinMeasurements({ ...NOTHING_MEASURED, levels: toLevels(directory, counters) }, tokens.measure());
  return { directory, counters, tokens, service, measure };
}

/** Has the windows kept every KEEP_INTERVAL_MS, from when they are loaded. */
function createKeeping({ hub, clock }: EdgeHostOptions, counters: MemoryCounters, tally: Tally) {
  const behind = createWriteBehind({ counters, hub, clock });
  const onBug = (error: unknown): void => tally.note(toBugNote('windows were not kept for a bug', error));
  let timer: NodeJS.Timeout | undefined;
  return {
    async load() {
      await behind.load();
      timer = setInterval(() => void behind.keepChanged().catch(onBug), KEEP_INTERVAL_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      const kept = await behind.keepAll(KEEP_ALL_MS);
      if (kept) return;
      const { unkept } = counters.usage();
      tally.note({ level: 'warn', message: 'not all windows were kept at the end', fields: { unkept } });
    },
  };
}

/** How full the edge's memory is. */
function toLevels(directory: PackedDirectory, counters: MemoryCounters): Level[] {
  const { counters: used, slotsMax, bytes, unkept } = counters.usage();
  return [
    { metric: 'tollgate_keys', labels: {}, value: directory.keyCount },
    { metric: 'tollgate_accounts', labels: {}, value: directory.accountCount },
    { metric: 'tollgate_sessions', labels: {}, value: directory.sessionCount },
    { metric: 'tollgate_counters', labels: {}, value: used },
    { metric: 'tollgate_counters_max', labels: {}, value: slotsMax },
    { metric: 'tollgate_counters_bytes', labels: {}, value: bytes },
    { metric: 'tollgate_windows_unkept', labels: {}, value: unkept },
  ];
}

/** Where in the code it happened, never what was being handled: an error's message may quote a request. */
function toBugNote(message: string, error: unknown): Note {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
  const name = error instanceof Error ? error.name : typeof error;
  return {
    level: 'error',
    message,
    fields: { error: name, at: frames.slice(0, 5).join(' ') },
  };
}
