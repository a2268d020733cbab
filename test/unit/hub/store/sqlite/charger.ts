import { workerData } from 'node:worker_threads';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';

/** A thread with a connection of its own that charges one account again and again and exits with the number of charges that passed. */
const { path, charges } = workerData as { path: string; charges: number };
const store = openSqliteStore({ path, apiNames: ['alpha'] });
let charged = 0;
for (let turn = 0; turn < charges; turn += 1) {
  const [outcome] = store.keeper.charge([
    { accountRow: 1, keyRow: 0, cost: 1, allowance: 30, wallMs: Date.UTC(2026, 10, 22) },
  ]);
  if (outcome?.result === 'charged') charged += 1;
}
store.close();
process.exit(charged);
