import { requirePart } from '../../parts.ts';
import { testAttacks } from './attacks.ts';
import { startTraefik } from './traefik.ts';
import { testOutages } from './outages.ts';
import { testTable } from './table.ts';
import type { TableRun } from './table.ts';

const run: TableRun = {
  name: 'traefik',
  dialect: 'forward-auth',
  part: await requirePart('traefik'),
  start: startTraefik,
};

testTable(run);
testAttacks(run);
testOutages(run);
