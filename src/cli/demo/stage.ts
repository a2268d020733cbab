import type { Run } from '../run.ts';
import type { CliWorld } from '../world.ts';

/** What must be ended, in the order in which it was begun. */
export type Ends = (() => Promise<unknown>)[];

export interface Stage {
  readonly world: CliWorld;
  readonly run: Run;
  readonly stop: AbortSignal;
  readonly ends: Ends;
}
