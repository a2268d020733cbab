import { OperationRefused } from '../../domain/operations.ts';
import type { CliWorld } from '../world.ts';
import { openField } from './attacks/field.ts';
import { createGatewayClient } from './client/gateway-client.ts';
import { checkTokenOf } from './flags.ts';
import type { Plan } from './flags.ts';
import { requireGateway } from './probe.ts';
import { findLosses } from './report/losses.ts';
import type { Outcome } from './report/losses.ts';
import type { ConformanceReport } from './report/report.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { runCase } from './table/run.ts';
import { createTaker } from './taker.ts';
import { takeTrial } from './trial.ts';
import { listTitles, listTrials } from './trials.ts';
import type { Trials } from './trials.ts';

const UNAVAILABLE = 503;

export interface Performance {
  readonly world: CliWorld;
  readonly plan: Plan;
  readonly stop: AbortSignal;
  readonly note: (message: string) => Promise<void>;
}

/** Starts everything, sends everything, and leaves nothing behind. Throws `CommandFailed` where the gateway cannot be judged. */
export async function performConformance(performance: Performance): Promise<ConformanceReport> {
  const { world, plan, note } = performance;
  requireKnownTitles(plan);
  const trials = listTrials(plan);
  const stage = await openStage(world, plan);
  try {
    await note(
      `Tollgate listens at ${plan.listen}, the application at ${plan.upstream.host}:${stage.upstream.port}. Asking ${plan.gatewayUrl} …`,
    );
    await requireGateway({ ...performance, stage });
    return await takeAll(trials, stage, performance);
  } finally {
    await stage.stop();
  }
}

function requireKnownTitles({ exceptions }: Plan): void {
  const [stale] = exceptions.listStale(listTitles());
  if (stale !== undefined) throw new OperationRefused('invalid', `an exception names no case: ${stale}`);
}

async function takeAll(trials: Trials, stage: Stage, performance: Performance): Promise<ConformanceReport> {
  const { world, plan, stop } = performance;
  const { operations, clock, ids, upstream, door, secrets, publicAddress } = stage;
  const place = plan.gateway;
  const take = createTaker({ world, place, stop });
  let askedAgain = 0;
  const onAskedAgain = (): void => void (askedAgain += 1);
  const client = createGatewayClient({ place, upstream, ids, onAskedAgain });
  const shown = plan.token === undefined ? {} : { gatewayToken: plan.token };
  const way = {
    name: 'a gateway' as const,
    exceptions: plan.exceptions,
    client,
    operations,
    clock,
    publicAddress,
    ...shown,
    onToken: secrets.add,
  };
  for (const loaded of trials.cases) await take(loaded.title, () => runCase(loaded, way));
  const field = await openField({
    operations,
    clock,
    place,
    upstream,
    gatewayToken: checkTokenOf(plan),
    onAskedAgain,
  });
  for (const attack of trials.attacks) {
    field.begin();
    await take(attack.title, () => takeTrial(attack, field));
  }
  const wantedStatus = (title: string): number => plan.exceptions.findStatus(title) ?? UNAVAILABLE;
  for (const outage of trials.outages) {
    await take(outage.title, () =>
      takeTrial(outage, { door, place, upstream, wantedStatus, pause: world.pause }),
    );
  }
  return toReport({ trials, outcomes: take.outcomes, plan, stage, askedAgain });
}

interface Reporting {
  readonly trials: Trials;
  readonly outcomes: readonly Outcome[];
  readonly plan: Plan;
  readonly stage: Stage;
  readonly askedAgain: number;
}

function toReport({ trials, outcomes, plan, stage, askedAgain }: Reporting): ConformanceReport {
  const { entrance, gatewayUrl } = plan;
  const unneeded = outcomes
    .filter(({ differences }) => differences.some(({ kind }) => kind === 'exception not needed'))
    .map(({ title }) => title);
  return {
    gateway: gatewayUrl,
    entrance,
    sent: { cases: trials.cases.length, attacks: trials.attacks.length, outages: trials.outages.length },
    losses: findLosses(outcomes, { entrance, hide: stage.secrets.hide }),
    left_out: trials.leftOut,
    exceptions_not_needed: [...unneeded, ...plan.exceptions.listUnneeded()],
    asked_again: askedAgain,
    tollgate_errors: stage.errors.map(stage.secrets.hide),
  };
}
