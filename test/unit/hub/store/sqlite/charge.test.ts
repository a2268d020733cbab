import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { newAccount } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';
import { BY } from '../../../../contract/author.ts';

it('sells 100 credits exactly 100 times to threads that charge at the same time', async () => {
  const path = temporaryFile('t.db');
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  await store.writes.insertAccount(newAccount({ credits: 70 }), BY);
  const counts = await Promise.all(
    [1, 2, 3].map(async () => {
      const worker = new Worker(new URL('charger.ts', import.meta.url), {
        workerData: { path, charges: 60 },
      });
      const [charged] = (await once(worker, 'exit')) as [number];
      return charged;
    }),
  );
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect((await store.reads.findAccount({ api: 'alpha', id: 'acme' }))?.purchased).toBe(0);
});
