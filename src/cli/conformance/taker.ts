import type { CliWorld } from '../world.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import { isThere } from './probe.ts';
import type { Outcome } from './report/losses.ts';
import { isOutage } from './titles.ts';

/** A whole run may take this long, in milliseconds. */
const RUN_MS_MAX = 15 * 60_000;
/** After so many trials in a row without any answer the gateway is asked whether it is there; while Tollgate is away it may well hang. */
const SILENT_MAX = 5;

export interface TakerOptions {
  readonly world: Pick<CliWorld, 'nowMs'>;
  readonly place: GatewayPlace;
  readonly stop: AbortSignal;
}

export interface Taker {
  (title: string, trial: () => Promise<Outcome['differences']>): Promise<void>;
  readonly outcomes: readonly Outcome[];
}

/** Why a run cannot be ended as it was begun; what it found until then holds. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** Takes one trial after another. Throws `GivenUp` where the run was stopped, takes too long, or has no gateway any more. */
export function createTaker({ world, place, stop }: TakerOptions): Taker {
  const outcomes: Outcome[] = [];
  const giveUpMs = world.nowMs() + RUN_MS_MAX;
  let silent = 0;
  const take = async (title: string, trial: () => Promise<Outcome['differences']>): Promise<void> => {
    if (stop.aborted) throw new GivenUp('it was stopped');
    if (world.nowMs() > giveUpMs) throw new GivenUp('it took more than 15 minutes');
    const differences = await trial();
    outcomes.push({ title, differences });
    silent = differences.some(isSilence) ? silent + 1 : 0;
    if (silent < SILENT_MAX || isOutage(title)) return;
    silent = 0;
    if (await isThere(place)) return;
    throw new GivenUp(`the gateway no longer answers: ${SILENT_MAX} requests in a row got nothing`);
  };
  return Object.assign(take, { outcomes });
}

function isSilence({ kind }: Outcome['differences'][number]): boolean {
  return kind === 'no answer';
}
