import type { CliWorld } from '../world.ts';
import { openField } from './attacks/field.ts';
import { createGatewayClient } from './client/gateway-client.ts';
import { checkTokenOf } from './plan.ts';
import type { Plan } from './plan.ts';
import { requireGateway } from './probe.ts';
import { findLosses } from './report/losses.ts';
import type { Outcome } from './report/losses.ts';
import type { ConformanceReport, Sent } from './report/report.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { runCase } from './table/run.ts';
import { trackExceptions } from './table/tracked-exceptions.ts';
import type { TrackedExceptions } from './table/tracked-exceptions.ts';
import { GivenUp, createTaker } from './taker.ts';
import type { Taker } from './taker.ts';
import { takeTrial } from './trial.ts';
import { listTrials } from './trials.ts';
import type { Trials } from './trials.ts';

export interface Performance {
  readonly world: CliWorld;
  readonly plan: Plan;
  readonly stop: AbortSignal;
  readonly note: (message: string) => Promise<void>;
}

/**
 * Starts everything, sends everything, and leaves nothing behind. Throws `CommandFailed` where the gateway cannot be judged;
 * a run that is given up on its way answers with what it found, and says that it is not the whole.
 */
export async function performConformance(performance: Performance): Promise<ConformanceReport> {
  const { world, plan, note } = performance;
  const trials = listTrials(plan);
  const stage = await openStage(world, plan);
  try {
    await note(
      `Tollgate listens at ${plan.listen}, the application at ${plan.upstream.host}:${stage.upstream.port}. Asking ${plan.gatewayUrl} …`,
    );
    await requireGateway({ ...performance, stage });
    return await judge(trials, stage, performance);
  } finally {
    await stage.stop();
  }
}

async function judge(trials: Trials, stage: Stage, performance: Performance): Promise<ConformanceReport> {
  const { world, plan, stop } = performance;
  const take = createTaker({ world, place: plan.gateway, stop });
  const exceptions = trackExceptions(plan.exceptions);
  let askedAgain = 0;
  const taking = { trials, stage, plan, world, exceptions, take, onAskedAgain: () => void (askedAgain += 1) };
  const givenUp = await takeAll(taking).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof GivenUp) return error.message;
      throw error;
    },
  );
  return toReport({ trials, plan, stage, exceptions, outcomes: take.outcomes, givenUp, askedAgain });
}

interface Taking {
  readonly trials: Trials;
  readonly stage: Stage;
  readonly plan: Plan;
  readonly world: CliWorld;
  readonly exceptions: TrackedExceptions;
  readonly take: Taker;
  readonly onAskedAgain: () => void;
}

/** Outages come last: they end the Tollgate that decides about the others. */
async function takeAll(taking: Taking): Promise<void> {
  await takeCases(taking);
  await takeAttacks(taking);
  const { trials, stage, plan, world, exceptions, take } = taking;
  const { door, upstream } = stage;
  const { gateway: place } = plan;
  for (const outage of trials.outages) {
    await take(outage.title, () =>
      takeTrial(outage, { door, place, upstream, exceptions, pause: world.pause }),
    );
  }
}

async function takeCases({ trials, stage, plan, exceptions, take, onAskedAgain }: Taking): Promise<void> {
  const { operations, clock, ids, upstream, secrets, publicAddress } = stage;
  const client = createGatewayClient({ place: plan.gateway, upstream, ids, onAskedAgain });
  const way = {
    name: 'a gateway' as const,
    exceptions,
    client,
    operations,
    clock,
    publicAddress,
    ...(plan.token === undefined ? {} : { gatewayToken: plan.token }),
    onToken: secrets.add,
  };
  for (const loaded of trials.cases) await take(loaded.title, () => runCase(loaded, way));
}

async function takeAttacks({ trials, stage, plan, take, onAskedAgain }: Taking): Promise<void> {
  const { operations, clock, upstream } = stage;
  const gatewayToken = checkTokenOf(plan);
  const means = { operations, clock, place: plan.gateway, upstream, gatewayToken, onAskedAgain };
  const field = await openField(means);
  for (const attack of trials.attacks) {
    field.begin();
    await take(attack.title, () => takeTrial(attack, field));
  }
}

interface Reporting extends Pick<Taking, 'trials' | 'stage' | 'plan' | 'exceptions'> {
  readonly outcomes: readonly Outcome[];
  /** Why; undefined where everything was tried. */
  readonly givenUp: string | undefined;
  readonly askedAgain: number;
}

function toReport({
  trials,
  plan,
  stage,
  exceptions,
  outcomes,
  givenUp,
  askedAgain,
}: Reporting): ConformanceReport {
  const { entrance, gatewayUrl } = plan;
  const taken = new Set(outcomes.map(({ title }) => title));
  const unseen = outcomes
    .filter(({ differences }) => differences.some(({ kind }) => kind === 'exception not needed'))
    .map(({ title }) => title);
  return {
    gateway: gatewayUrl,
    entrance,
    ...(givenUp === undefined ? {} : { given_up: { why: givenUp, meant: countTrials(trials, () => true) } }),
    sent: countTrials(trials, ({ title }) => taken.has(title)),
    losses: findLosses(outcomes, { entrance, hide: stage.secrets.hide }),
    left_out: trials.leftOut,
    exceptions_held: exceptions.countHeld(),
    // What was not tried could not be seen.
    exceptions_not_seen: givenUp === undefined ? [...unseen, ...exceptions.listUnneeded()] : unseen,
    asked_again: askedAgain,
    tollgate_errors: stage.errors.map(stage.secrets.hide),
  };
}

type Titled = { readonly title: string };

function countTrials({ cases, attacks, outages }: Trials, counts: (trial: Titled) => boolean): Sent {
  const count = (among: readonly Titled[]): number => among.filter(counts).length;
  return { cases: count(cases), attacks: count(attacks), outages: count(outages) };
}
