import { describe, expect, test } from 'vitest';
import { createOneAtATime } from '../../../src/compose/one-at-a-time.ts';
import { DependencyDown } from '../../../src/ports.ts';

function createWork(run: (value: number) => Promise<void>) {
  const logged: string[] = [];
  const tell = (level: string) => () => void logged.push(level);
  const log = { error: tell('error'), warn: tell('warn'), info: tell('info'), debug: tell('debug') };
  return { work: createOneAtATime({ run, failed: 'failed', log }), logged };
}

describe('work that is done one at a time', () => {
  test('drops what comes meanwhile, and takes what comes after', async () => {
    const done: number[] = [];
    const { work } = createWork(async (value) => void done.push(value));
    work.take(1);
    work.take(2);
    await work.flush();
    work.take(3);
    await work.flush();
    expect(done).toEqual([1, 3]);
  });

  test.each([
    ['an outage is a warning', new DependencyDown('directory', 'away'), 'warn'],
    ['a bug is an error', new TypeError('no such thing'), 'error'],
  ])('%s, thrown at once or later, and the next value is taken', async (_what, fault, level) => {
    for (const fail of [
      () => {
        throw fault;
      },
      () => Promise.reject(fault),
    ]) {
      const { work, logged } = createWork(fail);
      work.take(1);
      await work.flush();
      work.take(2);
      await work.flush();
      expect(logged).toEqual([level, level]);
    }
  });
});
