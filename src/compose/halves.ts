import type { Measurements } from '../domain/measurements.ts';
import type { Note, Report } from '../domain/report.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Reply } from '../domain/reply.ts';
import type { Edge, Eventually } from '../ports.ts';
import type { EdgeHost } from './edge-host.ts';
import type { Settings } from './settings.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

/** What the hub asks of an edge. */
export type EdgeCalls = Edge & Pick<EdgeHost, 'start' | 'stop'>;

/** The store's writer and one edge, joined; however they are carried. */
export interface Halves {
  readonly store: StoreHost;
  readonly edge: EdgeCalls;
  /** Present where the edge lives in this thread. */
  readonly answer?: (request: AuthzRequest) => Eventually<Reply>;
  /** Rejects when a half has died. */
  readonly failed: Promise<never>;
  /** Ends what still runs, after both halves were stopped. */
  end(): Promise<void>;
}

/** What the halves tell of their own accord. */
export interface HalvesListener {
  readonly onReport: (report: Report) => void;
  /** Told what the store measured. */
  readonly onMeasured: (measured: Measurements) => void;
}

export interface HalvesOptions extends HalvesListener {
  readonly settings: Settings;
  readonly world: World;
}

/** Writes what a half has to say. */
export function logNote({ log }: World, { level, message, fields }: Note): void {
  log[level](message, fields);
}
