import type { SqliteConnection } from './connection.ts';

/** Steps from one sealing key's id to the next by an index: as many looks as there are sealing keys, however many keys they seal. */
const NEXT_OF_KEYS = `
SELECT sealing_key_id AS id FROM keys
WHERE sealing_key_id IS NOT NULL AND revoked_ms IS NULL AND sealing_key_id > ?
ORDER BY sealing_key_id LIMIT 1`;
const OF_SIGNING_KEYS =
  'SELECT DISTINCT sealing_key_id AS id FROM signing_keys WHERE sealing_key_id IS NOT NULL';

export function listSealingKeysInUse(connection: SqliteConnection): readonly string[] {
  const inUse = new Set(connection.statement(OF_SIGNING_KEYS).all().map(toId));
  const next = connection.statement(NEXT_OF_KEYS);
  for (let row = next.get(''); row !== undefined; row = next.get(toId(row))) inUse.add(toId(row));
  return [...inUse];
}

function toId({ id }: Readonly<Record<string, unknown>>): string {
  return String(id);
}
