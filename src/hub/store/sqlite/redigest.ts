import type { RedigestedKey } from '../keys.ts';
import { WRITE_BATCH_MAX } from '../store.ts';
import type { SqliteConnection } from './connection.ts';
import { bytesFromWords } from './words.ts';

/** Digests that a key remembers from before: as many as peppers can be retired, so that no follower knows it by an older one. */
export const FORMER_DIGESTS_MAX = 2;
const DIGEST_BYTES = 32;

/** A digest that another key of the API has already is left alone: that key was imported while the pepper was not known. */
const REDIGEST = `
UPDATE OR IGNORE keys SET
  former_digests = substr(CAST(digest || coalesce(former_digests, x'') AS BLOB), 1, ${FORMER_DIGESTS_MAX * DIGEST_BYTES}),
  digest = :digest,
  pepper_id = :pepperId
WHERE row = :row AND pepper_id <> :pepperId AND revoked_ms IS NULL`;

/** Inside a transaction. Keys that are unknown, revoked or digested so already are passed over. */
export function redigestKeys(connection: SqliteConnection, keys: readonly RedigestedKey[]): void {
  if (keys.length > WRITE_BATCH_MAX) throw new RangeError(`more than ${WRITE_BATCH_MAX} keys in one write`);
  const redigest = connection.statement(REDIGEST);
  for (const { row, digest, pepperId } of keys) {
    redigest.run({ row, digest: bytesFromWords(digest), pepperId });
  }
}
