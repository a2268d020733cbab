import { requirePart } from '../../parts.ts';
import { testAttacks } from './attacks.ts';
import { startNginx } from './nginx.ts';
import { testOutages } from './outages.ts';
import { testTable } from './table.ts';
import type { TableRun } from './table.ts';

const run: TableRun = {
  name: 'nginx',
  dialect: 'nginx',
  part: await requirePart('nginx'),
  start: startNginx,
};

testTable(run);
testAttacks(run);
testOutages(run);
