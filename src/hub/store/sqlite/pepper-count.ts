import type { PepperCount, PepperCursor, PepperUse } from '../keys.ts';
import { COUNT_STEP_MAX } from '../keys.ts';
import type { SqliteConnection } from './connection.ts';
import { sql } from './tables.ts';

/** Before all peppers: the first step counts the operators, who are few. */
const BEGIN: PepperCursor = { pepperId: '', row: 0 };

/** Of one pepper at most COUNT_STEP_MAX keys. Walks an index alone, in whose order a pepper's unrevoked keys stand by their rows. */
export function countPerPepper(connection: SqliteConnection, after: PepperCursor = BEGIN): PepperCount {
  const { pepperId } = after;
  const counted = pepperId === BEGIN.pepperId ? countOperators(connection) : [];
  const { keys, last } = countKeys(connection, after);
  if (keys > 0) counted.push({ pepperId, keys });
  if (last !== null && keys === COUNT_STEP_MAX) return { counted, next: { pepperId, row: last } };
  const next = findNextPepper(connection, pepperId);
  return { counted, next: next === null ? null : { pepperId: next, row: 0 } };
}

function countKeys(connection: SqliteConnection, { pepperId, row }: PepperCursor) {
  const step = sql
    .selectFrom('keys')
    .select('row')
    .where('pepper_id', '=', pepperId)
    .where('revoked_ms', 'is', null)
    .where('row', '>', row)
    .orderBy('row')
    .limit(COUNT_STEP_MAX);
  const counted = connection.first(
    sql
      .selectFrom(step.as('step'))
      .select((all) => [all.fn.countAll<number>().as('keys'), all.fn.max<number | null>('row').as('last')]),
  );
  return counted ?? { keys: 0, last: null };
}

/** Peppers under which all keys are revoked are met as well: they are as many as there ever were, and cost a look each. */
function findNextPepper(connection: SqliteConnection, pepperId: string): string | null {
  const following = sql
    .selectFrom('keys')
    .select((all) => all.fn.min<string | null>('pepper_id').as('pepperId'))
    .where('pepper_id', '>', pepperId);
  return connection.first(following)?.pepperId ?? null;
}

function countOperators(connection: SqliteConnection): PepperUse[] {
  return [
    ...connection.all(
      sql
        .selectFrom('operators')
        .select(['pepper_id as pepperId', (all) => all.fn.countAll<number>().as('keys')])
        .where('revoked_ms', 'is', null)
        .groupBy('pepper_id'),
    ),
  ];
}
