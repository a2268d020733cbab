import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureLoaded, measureSteady, withServers } from './contest.ts';
import { idleContestant } from './idle-contestant.ts';
import type { Loaders } from './loaders.ts';

const CALLS = 10;

test('servers take turns, and a turn with a wrong answer does not count but is taken again', async () => {
  const order: string[] = [];
  const wrong = new Set([1, 3]);
  const contestants = ['a', 'b'].map((name) =>
    idleContestant(name, () => {
      order.push(name);
      if (wrong.has(order.length)) throw new Error('wrong');
    }),
  );
  const results = await measureLoaded({ contestants, loaders: LOADERS, turns: 2 }, CALLS);
  expect(order.join('')).toBe('aabbab');
  expect([...results.values()].map((rounds) => rounds.length)).toEqual([2, 2]);
});

test('a server that stays wrong is not measured', async () => {
  let turns = 0;
  const lying = idleContestant('lying', () => {
    turns += 1;
    throw new Error('wrong');
  });
  const measured = measureLoaded({ contestants: [lying], loaders: LOADERS, turns: 1 }, CALLS);
  await expect(measured).rejects.toThrow('lying is not measured');
  expect(turns).toBe(5);
});

test('a server that gives no answer is not measured', async () => {
  const silent = idleContestant('silent', () => undefined);
  const loaders = { ...LOADERS, closed: () => Promise.resolve([{ ...LOAD, samples: [] }]) };
  const measured = measureLoaded({ contestants: [silent], loaders, turns: 1 }, CALLS);
  await expect(measured).rejects.toThrow('silent is not measured');
});

test('a server that is wrong at a steady rate is not measured', async () => {
  const hasty = idleContestant('hasty', () => {
    throw new Error('refused');
  });
  const measured = measureSteady(
    { contestants: [hasty], loaders: LOADERS, turns: 1 },
    { callsPerSecond: () => 1, durationMs: 1 },
  );
  await expect(measured).rejects.toThrow('hasty is not measured');
});

test('what fails of itself, and not by its answers, is not asked again', async () => {
  let asked = 0;
  const loaders = {
    ...LOADERS,
    closed: () => {
      asked += 1;
      return Promise.reject(new Error('the connection is gone'));
    },
  };
  const measured = measureLoaded(
    { contestants: [idleContestant('a', () => undefined)], loaders, turns: 1 },
    CALLS,
  );
  await expect(measured).rejects.toThrow('the connection is gone');
  expect(asked).toBe(1);
});

/** A server that tells its process id in place of an address, and would live on. */
const GOOD = {
  name: 'good',
  ...script('console.log(JSON.stringify({ address: `${process.pid}` })); setInterval(() => {}, 1_000)'),
};

test('servers end with the last use of them', async () => {
  const pid = await withServers([GOOD], ([first]) => {
    const [, running] = first ?? [];
    expect(running?.rssMib()).toBeGreaterThan(0);
    return Promise.resolve(Number(running?.address));
  });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('where one server does not start, none is used, and those before it end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-contest-'));
  const file = join(folder, 'pid');
  const noted = {
    ...GOOD,
    ...script(`require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); ${GOOD.args[1]}`),
  };
  const bad = { name: 'bad', ...script('process.exit(3)') };
  const use = (): Promise<never> => Promise.reject(new Error('used'));
  await expect(withServers([noted, bad], use)).rejects.toThrow('bad did not start');
  const pid = Number(await readFile(file, 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await rm(folder, { recursive: true });
});

function script(source: string) {
  return { command: process.execPath, args: ['-e', source] };
}

const LOAD = { calls: CALLS, seconds: 1, p50Ms: 1, p99Ms: 2, samples: [new Uint8Array()] };

/** Loaders that have an answer at once. */
const LOADERS: Loaders = {
  count: 1,
  keep: () => Promise.resolve(),
  closed: () => Promise.resolve([LOAD]),
  closedByOne: () => Promise.resolve(LOAD),
  openByOne: () => Promise.resolve({ ...LOAD, lateP99Ms: 0.1 }),
  stop: () => undefined,
};
