import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { SessionAnswer } from '../../../../src/hub/sessions/engine.ts';
import type { Errand } from './refresher.ts';
import { API, PEPPERS, SEALING, begin, createSessionsWorld, pairOf, refusalOf } from './world.ts';
import type { SessionsWorld } from './world.ts';

const REFRESHER = fileURLToPath(new URL('refresher.ts', import.meta.url));

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
}

/** A process of its own that refreshes a token on the world's database. */
function startRefresher({ path, nowMs }: SessionsWorld, refreshToken: string, dies: Errand['dies']) {
  const { name, keys, tokens } = API;
  const errand = {
    path,
    api: { name, keys, tokens },
    refreshToken,
    nowMs: nowMs(),
    dies,
    pepper: Buffer.from(PEPPERS.current.secret).toString('hex'),
    sealing: Buffer.from(SEALING.current.secret).toString('hex'),
  };
  return spawn(process.execPath, [REFRESHER, JSON.stringify(errand)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function refreshElsewhere(
  world: SessionsWorld,
  refreshToken: string,
  dies: Errand['dies'],
): Promise<Ended> {
  const child = startRefresher(world, refreshToken, dies);
  const [out, [, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { out, signal: signal as NodeJS.Signals | null };
}

it('a process that is killed between the commit and the answer leaves a retry its pair, and one rotation', async () => {
  const world = await createSessionsWorld();
  const { refreshToken, sessionId } = await begin(world);
  const killed = await refreshElsewhere(world, refreshToken, 'between_commit_and_answer');
  expect(killed).toEqual({ out: '', signal: 'SIGKILL' });
  const committed = await world.store.reads.findSession({ api: 'alpha', id: sessionId });
  expect(committed?.generation).toBe(1);

  const retried = pairOf(await world.engine.refresh(API, { refreshToken }));
  expect((await world.store.reads.findSession({ api: 'alpha', id: sessionId }))?.generation).toBe(1);
  pairOf(await world.engine.refresh(API, { refreshToken: retried.refreshToken }));
});

it('two processes that refresh one token at the same time give one pair', async () => {
  const world = await createSessionsWorld();
  const { refreshToken, sessionId } = await begin(world);
  const ended = await Promise.all([1, 2].map(() => refreshElsewhere(world, refreshToken, 'never')));
  const [one, two] = ended.map(({ out }) => pairOf(JSON.parse(out) as SessionAnswer));
  expect(one).toEqual(two);
  expect((await world.store.reads.findSession({ api: 'alpha', id: sessionId }))?.generation).toBe(1);
  expect(refusalOf(await world.engine.refresh(API, { refreshToken }))).toBe('token_reused');
});

it('kills at any moment leave every client a token that works, and the session its one line', async () => {
  const world = await createSessionsWorld();
  let { refreshToken, sessionId } = await begin(world);
  let generation = 0;
  for (const answersBeforeKill of [1, 2, 5, 9]) {
    const child = startRefresher(world, refreshToken, 'when_killed');
    const answers: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      answers.push(line);
      if (answers.length === answersBeforeKill) child.kill('SIGKILL');
    }
    // What the client holds: the last answer that it got whole.
    const last = pairOf(JSON.parse(answers.at(-1) ?? '') as SessionAnswer);
    const next = pairOf(await world.engine.refresh(API, { refreshToken: last.refreshToken }));
    const session = await world.store.reads.findSession({ api: 'alpha', id: sessionId });
    expect(session?.endedMs).toBeNull();
    const took = (session?.generation ?? 0) - generation;
    // One more than was answered, where the kill came between a commit and its answer, is the one that is repeated.
    expect(took - answers.length).toBe(1);
    generation = session?.generation ?? 0;
    ({ refreshToken } = next);
  }
});
