import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigPlace } from '../../app.ts';
import { CommandFailed } from '../failure.ts';
import { untilStopped } from '../serve.ts';
import type { Run } from '../run.ts';
import type { CliWorld } from '../world.ts';
import type { Ask, DemoAnswer } from './ask.ts';
import { startGateway } from './gateway.ts';
import { DEMO_REQUESTS, LAST_REQUEST, toClientRequest } from './requests.ts';
import type { DemoRequest } from './requests.ts';
import { renderCurls, renderShown, toShown } from './show.ts';
import type { Shown } from './show.ts';
import type { Ends, Stage } from './stage.ts';
import { createDemoWorld } from './world.ts';
import type { DemoKeys } from './world.ts';

export interface DemoOptions {
  /** Whether everything stays up after the table until the operator ends it. */
  readonly linger: boolean;
}

const READY_MS = 15_000;
const READY_POLL_MS = 50;

/** Starts everything, asks, shows, and leaves nothing behind. Throws `CommandFailed` where an answer is not the promised one. */
export async function performDemo(world: CliWorld, run: Run, options: DemoOptions): Promise<void> {
  const stage: Stage = { world, run, stop: world.takeSignals(), ends: [] };
  try {
    await perform(stage, options);
  } finally {
    await endAll(stage.ends);
  }
}

/** Last begun, first ended; one that fails keeps none of the others from it. */
async function endAll(ends: Ends): Promise<void> {
  const last = ends.pop();
  if (last === undefined) return;
  try {
    await last();
  } finally {
    await endAll(ends);
  }
}

async function perform(stage: Stage, { linger }: DemoOptions): Promise<void> {
  const { world, run, stop, ends } = stage;
  const place = await toDemoPlace(stage);
  const running = await world.program.serve(place);
  ends.push(() => running.stop());
  const keys = await fillStore(world, place);
  const { ask, baseUrl } = await startGateway(stage, running);
  await untilKnown(stage, ask, keys);
  const rows = await askAll(stage, ask, keys);
  const curls =
    baseUrl === undefined || !linger ? '' : `\nTry it by hand:\n${renderCurls(baseUrl, DEMO_REQUESTS, keys)}`;
  await run.show({ value: rows, text: renderShown(rows) + curls });
  const wrong = rows.filter((row) => !row.as_promised).length;
  if (wrong > 0) await run.note(`${wrong} of ${rows.length} answers are not the promised ones.`);
  if (linger) {
    await run.note('Everything stays up until Ctrl-C.');
    await untilStopped(running, stop);
  }
  if (wrong > 0) throw new CommandFailed('the demo did not show what the API pages promise');
}

async function toDemoPlace({ run, ends }: Stage): Promise<ConfigPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-demo-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const { config, sets } = run.place;
  // The store comes last, so that no other setting can send the samples into a real one.
  const store = `store.url=sqlite:${join(folder, 'demo.db')}`;
  const free = ['check.grpc', 'public', 'admin', 'telemetry'].map((name) => `${name}.listen=127.0.0.1:0`);
  return { config, sets: [...free, ...sets, store] };
}

async function fillStore(world: CliWorld, place: ConfigPlace): Promise<DemoKeys> {
  const opened = await world.program.openOperations(place);
  try {
    return await createDemoWorld(opened.operations);
  } finally {
    await opened.close();
  }
}

/** Changes reach the edge in order: once it knows the last key, it knows all that was made before. */
async function untilKnown({ world, stop }: Stage, ask: Ask, keys: DemoKeys): Promise<void> {
  const request = toClientRequest(LAST_REQUEST, keys);
  const giveUpMs = world.nowMs() + READY_MS;
  while (!stop.aborted && world.nowMs() < giveUpMs) {
    const { status } = await ask(request);
    if (status === LAST_REQUEST.expect.status) return;
    await world.pause(READY_POLL_MS);
  }
  throw new CommandFailed(
    stop.aborted ? 'the demo was stopped' : 'the sample keys did not become known in time',
  );
}

async function askAll({ stop }: Stage, ask: Ask, keys: DemoKeys): Promise<readonly Shown[]> {
  const rows: Shown[] = [];
  for (const request of DEMO_REQUESTS) {
    if (stop.aborted) throw new CommandFailed('the demo was stopped');
    rows.push(toShown(request, await askTimes(request, ask, keys)));
  }
  return rows;
}

async function askTimes(request: DemoRequest, ask: Ask, keys: DemoKeys): Promise<DemoAnswer> {
  const plain = toClientRequest(request, keys);
  for (let time = 1; time < request.times; time += 1) await ask(plain);
  return ask(plain);
}
