import { requirePart } from '../../parts.ts';
import { testAttacks } from './attacks.ts';
import { startCaddy } from './caddy.ts';
import { testOutages } from './outages.ts';
import { testTable } from './table.ts';
import type { TableRun } from './table.ts';

const run: TableRun = {
  name: 'caddy',
  dialect: 'forward-auth',
  part: await requirePart('caddy'),
  start: startCaddy,
};

testTable(run);
testAttacks(run);
testOutages(run);
