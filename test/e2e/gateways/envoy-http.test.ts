import { requirePart } from '../../parts.ts';
import { testAttacks } from './attacks.ts';
import { startEnvoyHttp } from './envoy-http.ts';
import { testOutages } from './outages.ts';
import { testTable } from './table.ts';
import type { TableRun } from './table.ts';

const run: TableRun = {
  name: 'envoy-http',
  dialect: 'envoy-http',
  part: await requirePart('envoy'),
  start: startEnvoyHttp,
};

testTable(run);
testAttacks(run);
testOutages(run);
