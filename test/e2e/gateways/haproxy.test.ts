import { requirePart } from '../../parts.ts';
import { testAttacks } from './attacks.ts';
import { startHaproxy } from './haproxy.ts';
import { testOutages } from './outages.ts';
import { testTable } from './table.ts';
import type { TableRun } from './table.ts';

const run: TableRun = {
  name: 'haproxy',
  dialect: 'forward-auth',
  part: await requirePart('haproxy'),
  start: startHaproxy,
};

testTable(run);
testAttacks(run);
testOutages(run);
