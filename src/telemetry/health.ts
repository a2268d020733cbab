import type { Dependency } from '../domain/decision.ts';
import { DEPENDENCIES } from '../domain/measurements.ts';
import type { Increment, Level, Measurements, Observations, StoreOperation } from '../domain/measurements.ts';
import { SECOND_MS } from '../domain/time.ts';

/** An edge tells of itself every second; one that is silent for this long answers nobody, in milliseconds. */
export const EDGE_SILENCE_MAX_MS = 5 * SECOND_MS;
/** How long after its last failure a dependency is shown as not well, in milliseconds. */
export const TROUBLE_SHOWN_MS = 30 * SECOND_MS;

export interface Readiness {
  /** This process can answer: a dependency that is down makes no process unready. */
  readonly ready: boolean;
  /** One line for each part. */
  readonly text: string;
}

export interface Health {
  /** The edge knows everything that stood in the store, and listens. */
  readonly edgeServes: () => void;
  /** From now on the gateway should ask elsewhere. */
  readonly stopping: () => void;
  take(measured: Measurements): void;
  /** A sign of life of the edge. */
  edgeHeard(): void;
  look(): Readiness;
}

interface Trouble {
  readonly what: string;
  readonly atMs: number;
}

/** Gathers how the parts of this process are. `monotonicMs` is the real clock: it measures silence. */
export function createHealth(monotonicMs: () => number): Health {
  let phase: 'starting' | 'serving' | 'stopping' = 'starting';
  let heardMs: number | undefined;
  const troubles = new Map<Dependency | 'store', Trouble>();
  const levels = new Map<Level['metric'], number>();
  const ages = new Map<string, number>();
  const note = (part: Dependency | 'store', what: string): void => {
    troubles.set(part, { what, atMs: monotonicMs() });
  };
  return {
    edgeServes: () => {
      if (phase !== 'starting') return;
      phase = 'serving';
      heardMs ??= monotonicMs();
    },
    stopping: () => void (phase = 'stopping'),
    edgeHeard: () => void (heardMs = monotonicMs()),
    take(measured) {
      for (const { metric, value } of measured.levels) if (SHOWN.has(metric)) levels.set(metric, value);
      for (const { name, seconds } of measured.levels.flatMap(toAge)) ages.set(name, seconds);
      for (const [dependency, count] of countFailed(measured.increments)) {
        note(dependency, `did not answer ${count} checks`);
      }
      for (const operation of findFailed(measured.observations)) note('store', `${operation} failed`);
    },
    look() {
      const nowMs = monotonicMs();
      const silentMs = nowMs - (heardMs ?? nowMs);
      const isHeard = silentMs < EDGE_SILENCE_MAX_MS;
      const ready = phase === 'serving' && isHeard;
      const edge = isHeard ? phase : `silent for ${toSeconds(silentMs)} s`;
      const lines = [
        ready ? 'ready' : 'not ready',
        `edge: ${edge}`,
        ...PARTS.map((part) => `${part}: ${toState(troubles.get(part), nowMs)}${detailsOf(part, levels)}`),
        ...[...ages].map(([name, seconds]) => `key set ${name}: ${toAgeText(seconds)}`),
      ];
      return { ready, text: `${lines.join('\n')}\n` };
    },
  };
}

const PARTS = [...DEPENDENCIES, 'store'] as const;
const SHOWN: ReadonlySet<Level['metric']> = new Set([
  'tollgate_keys',
  'tollgate_accounts',
  'tollgate_counters',
  'tollgate_counters_max',
]);

/** Checks that had to do without a dependency, refused or waived. */
function countFailed(increments: readonly Increment[]): Map<Dependency, number> {
  const failed = new Map<Dependency, number>();
  for (const { metric, labels, by } of increments) {
    if (by === 0 || (metric !== 'tollgate_outages_total' && metric !== 'tollgate_degraded_total')) continue;
    failed.set(labels.dependency, (failed.get(labels.dependency) ?? 0) + by);
  }
  return failed;
}

function findFailed(observations: readonly Observations[]): StoreOperation[] {
  return observations.flatMap(({ metric, labels }) =>
    metric === 'tollgate_store_seconds' && labels.outcome !== 'ok' ? [labels.operation] : [],
  );
}

function toState(trouble: Trouble | undefined, nowMs: number): string {
  if (trouble === undefined || nowMs - trouble.atMs >= TROUBLE_SHOWN_MS) return 'well';
  return `not well: ${trouble.what}, ${toSeconds(nowMs - trouble.atMs)} s ago`;
}

function detailsOf(part: (typeof PARTS)[number], levels: ReadonlyMap<Level['metric'], number>): string {
  const level = (metric: Level['metric']): number => levels.get(metric) ?? 0;
  // Nothing is known before the edge's first word.
  if (levels.size === 0) return '';
  if (part === 'directory') return `; ${level('tollgate_keys')} keys, ${level('tollgate_accounts')} accounts`;
  if (part !== 'limits') return '';
  return `; ${level('tollgate_counters')} of ${level('tollgate_counters_max')} counters in use`;
}

/** How old an issuer's key set was when it was told of; the name has its API before it. */
function toAge(level: Level): { readonly name: string; readonly seconds: number }[] {
  if (level.metric !== 'tollgate_key_set_age_seconds') return [];
  return [{ name: `${level.labels.api}/${level.labels.issuer}`, seconds: level.value }];
}

function toAgeText(seconds: number): string {
  return Number.isFinite(seconds) ? `fetched ${Math.floor(seconds)} s ago` : 'not fetched yet';
}

function toSeconds(durationMs: number): number {
  return Math.floor(durationMs / SECOND_MS);
}
