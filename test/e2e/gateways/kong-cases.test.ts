import { findFronts, toRun } from './kong-front.ts';
import { testTable } from './table.ts';

for (const kind of await findFronts()) testTable(toRun(kind));
