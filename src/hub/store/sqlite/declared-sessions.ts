import type { DeclaredKey } from '../declared.ts';
import { findAccountRow } from './account-rows.ts';
import type { SqliteConnection } from './connection.ts';
import { idOfDeclared } from './key-id.ts';
import { endFoundRows } from './session-rows.ts';

/** Keys with live sessions that the store does not have: declared ones, now or once. */
const FOREIGN_KEYS = `
SELECT DISTINCT key_id AS keyId FROM sessions INDEXED BY sessions_by_key
WHERE ended_ms IS NULL AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.id = sessions.key_id)`;
const OF_OTHER_ACCOUNT =
  'SELECT row FROM sessions WHERE key_id = ? AND ended_ms IS NULL AND account_row <> ?';
/** No account has this row. */
const NO_ACCOUNT = 0;

/** The database's own reading, because nobody asked for this at any time: the file is another one than before. */
const NOW = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS wallMs";

/** Inside a transaction: sessions of a declared key end when it is gone from its file, or belongs to another account there. */
export function endUndeclaredSessions(connection: SqliteConnection, declared: readonly DeclaredKey[]): void {
  const accountOf = new Map(
    declared.map(({ api, account, digest }) => [
      Buffer.from(idOfDeclared({ api, digest })).toString('hex'),
      { api, id: account },
    ]),
  );
  const atMs = Number(connection.statement(NOW).get()?.wallMs);
  const found = connection.statement(FOREIGN_KEYS).all() as unknown as readonly {
    readonly keyId: Uint8Array;
  }[];
  for (const { keyId } of found) {
    const account = accountOf.get(Buffer.from(keyId).toString('hex'));
    const row = account === undefined ? undefined : findAccountRow(connection, account)?.row;
    const values = [keyId, row ?? NO_ACCOUNT];
    endFoundRows(connection, { query: OF_OTHER_ACCOUNT, values, why: 'key', atMs });
  }
}
