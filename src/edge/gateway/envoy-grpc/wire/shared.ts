import type { Methods } from '../transport.ts';
import type { CoarseClock } from './coarse-clock.ts';
import type { WireCounts } from './counts.ts';
import type { Deadlines } from './deadlines.ts';
import type { WireLimits } from './limits.ts';
import type { Memory } from './memory.ts';

/** What all connections of a server have in common. */
export interface Shared {
  readonly methods: Methods;
  readonly limits: WireLimits;
  readonly counts: WireCounts;
  readonly memory: Memory;
  readonly deadlines: Deadlines;
  readonly clock: CoarseClock;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onBug: (error: unknown) => void;
  /** Told of each message when its method has returned: a test may overwrite it, as the next read will. */
  readonly onRead: ((message: Uint8Array) => void) | undefined;
}
