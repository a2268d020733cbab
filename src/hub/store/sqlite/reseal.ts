import type { ResealedKey } from '../../../domain/report.ts';
import { WRITE_BATCH_MAX } from '../store.ts';
import type { SqliteConnection } from './connection.ts';

const RESEAL = `
UPDATE keys SET sealed = :bytes, sealing_key_id = :sealingKeyId
WHERE row = :row AND sealing_key_id <> :sealingKeyId AND revoked_ms IS NULL`;

/** Inside a transaction. Keys that are unknown, revoked, not sealed or sealed so already are passed over. */
export function resealKeys(connection: SqliteConnection, keys: readonly ResealedKey[]): void {
  if (keys.length > WRITE_BATCH_MAX) throw new RangeError(`more than ${WRITE_BATCH_MAX} keys in one write`);
  const reseal = connection.statement(RESEAL);
  for (const { row, sealed } of keys) reseal.run({ row, ...sealed });
}
