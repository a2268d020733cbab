import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../../app.ts';
import type { Operations } from '../../domain/operations.ts';
import type { CliWorld } from '../world.ts';
import { startUpstream } from './client/upstream.ts';
import type { Upstream } from './client/upstream.ts';
import { createMovableClock } from './clock.ts';
import type { MovableClock } from './clock.ts';
import { createDoor } from './door.ts';
import type { Door, Stoppable } from './door.ts';
import type { Plan } from './plan.ts';
import { watchIds } from './request-ids.ts';
import type { RequestIds } from './request-ids.ts';
import { createRunSecrets, watchOperations } from './secrets.ts';
import type { RunSecrets } from './secrets.ts';
import { TABLE_START_MS } from './table/case-world.ts';
import { startTollgate } from './tollgate.ts';
import type { TollgateOptions } from './tollgate.ts';

/** What Tollgate was asked. */
export interface Decided {
  readonly count: number;
  /** What the last check was decided to be: `ok`, or why not. */
  readonly last: string;
}

/** What stands on both sides of the gateway: a Tollgate with a world of its own, and an application. */
export interface Stage {
  readonly operations: Operations;
  readonly clock: MovableClock;
  readonly ids: RequestIds;
  readonly upstream: Upstream;
  readonly door: Door;
  readonly secrets: RunSecrets;
  /** Of the listener with the APIs' own endpoints. */
  readonly publicAddress: string;
  readonly decided: Decided;
  /** What Tollgate has logged, one line each. */
  readonly logged: readonly string[];
  /** What of that was an outage or a bug of its own. */
  readonly errors: readonly string[];
  stop(): Promise<void>;
}

const LOGGED_MAX = 1_000;

/** Listens where the plan says and nowhere else; what else it needs are sockets in a folder of this run. */
export async function openStage(world: CliWorld, plan: Plan): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-conformance-'));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const end of ends.splice(0).toReversed())
      await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not all of the run could be ended');
  };
  try {
    const upstream = await startUpstream(plan.upstream);
    ends.push(() => upstream.stop());
    return { ...(await openTollgate({ world, plan, folder, ends })), upstream, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Opening {
  readonly world: CliWorld;
  readonly plan: Plan;
  readonly folder: string;
  readonly ends: (() => Promise<unknown>)[];
}

async function openTollgate({
  world,
  plan,
  folder,
  ends,
}: Opening): Promise<Omit<Stage, 'upstream' | 'stop'>> {
  const secrets = createRunSecrets();
  if (plan.token !== undefined) secrets.add(plan.token);
  const clock = createMovableClock(TABLE_START_MS);
  const ids = watchIds(randomUUID);
  const { told, ...witness } = createWitness();
  const start = (name: string, token: string | undefined): Promise<App> =>
    startTollgate({
      world,
      plan,
      token,
      clock,
      newRequestId: ids.next,
      folder: join(folder, name),
      ...witness,
    });
  const app = await start('first', plan.token);
  const door = createDoor({
    address: plan.listen,
    first: app,
    startOther: (): Promise<Stoppable> => start('other', randomUUID() + randomUUID()),
  });
  ends.push(() => door.stop());
  return {
    operations: watchOperations(app.operations, secrets),
    publicAddress: app.addresses.public ?? '',
    clock,
    ids,
    door,
    secrets,
    ...told,
  };
}

interface Witness extends Pick<TollgateOptions, 'onDecided' | 'onLog' | 'onError'> {
  readonly told: Pick<Stage, 'decided' | 'logged' | 'errors'>;
}

/** Remembers what a Tollgate decides and logs, within a bound. */
function createWitness(): Witness {
  const logged: string[] = [];
  const errors: string[] = [];
  const decided = { count: 0, last: '' };
  return {
    told: { logged, errors, decided },
    onDecided(code) {
      decided.count += 1;
      decided.last = code;
    },
    onLog: (line) => void (logged.length < LOGGED_MAX && logged.push(line)),
    onError: (message) => void (errors.length < LOGGED_MAX && errors.push(message)),
  };
}
