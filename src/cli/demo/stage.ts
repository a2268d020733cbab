import type { Session } from '../session.ts';
import type { CliWorld } from '../world.ts';

/** What must be ended, in the order in which it was begun. */
export type Ends = (() => Promise<unknown>)[];

export interface Stage {
  readonly world: CliWorld;
  readonly session: Session;
  readonly stop: AbortSignal;
  readonly ends: Ends;
}
