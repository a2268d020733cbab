import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { countKeysPerPepper } from '../../../../../src/compose/pepper-use.ts';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { COUNT_STEP_MAX } from '../../../../../src/hub/store/keys.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

const OF_P1 = COUNT_STEP_MAX + 1;
const OF_P2 = COUNT_STEP_MAX;

/** As a foreign hand, because the store takes 50 keys at once. */
const INSERT = `
INSERT INTO keys (id, api, account_row, name, hint, digest, pepper_id, profile, created_ms, revoked_ms)
SELECT randomblob(12), 'alpha', 1, 'k', 'k', randomblob(32), :pepper, '{"tier":""}', 0, :revoked
FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n)`;

test('keys are counted in steps of a bounded number, each key once, revoked ones not at all', async () => {
  const path = temporaryFile('t.db');
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  await store.writes.insertAccount(newAccount(), BY);
  const hand = new DatabaseSync(path);
  const insert = hand.prepare(INSERT);
  insert.run({ pepper: 'p1', revoked: null, count: OF_P1 });
  insert.run({ pepper: 'p2', revoked: null, count: OF_P2 });
  insert.run({ pepper: 'p2', revoked: 1, count: 5 });
  insert.run({ pepper: 'p0', revoked: 1, count: 5 });
  hand.close();
  const steps: number[] = [];
  const counted = await countKeysPerPepper({
    async countPerPepper(after) {
      const step = await store.reads.countPerPepper(after);
      steps.push(step.counted.reduce((sum, { keys }) => sum + keys, 0));
      return step;
    },
  });
  expect(counted).toEqual(
    new Map([
      ['p1', OF_P1],
      ['p2', OF_P2],
    ]),
  );
  expect(Math.max(...steps)).toBe(COUNT_STEP_MAX);
});
