import type { Api } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { TokenSubjects } from '../../ports.ts';
import type { KeyPlace } from './key-table.ts';
import { KEY_ID_PREFIX, SESSION_ID_PREFIX, readId, writeId } from './named-id.ts';
import type { Tables } from './tables.ts';

/** A key with its account and rights, as a fresh object; undefined where its account is not known. */
export function toPrincipal(tables: Tables, api: Api, place: KeyPlace | undefined): Principal | undefined {
  if (place === undefined) return undefined;
  const { segment, record } = place;
  const account = tables.accounts.find(api.index, segment.accountRow(record));
  const profile = tables.keys.profileOf(place);
  if (account === undefined || profile === undefined) return undefined;
  const subject = segment.subject(record);
  return {
    credential: 'api_key',
    keyRow: segment.row(record),
    keyId: writeId(KEY_ID_PREFIX, subject),
    expiresAtMs: segment.expiresAtMs(record),
    subject,
    profile,
    account,
    kept: undefined,
  };
}

export function createTokenSubjects(tables: Tables): TokenSubjects {
  const { keys, accounts, sessions } = tables;
  return {
    findKey(api, keyId) {
      const id = readId(KEY_ID_PREFIX, keyId);
      return id && toPrincipal(tables, api, keys.findById({ api: api.index, ...id }));
    },
    findAccount(api, accountId, subject) {
      const row = accounts.findRow(api.index, subject);
      const account = row === undefined ? undefined : accounts.find(api.index, row);
      return account?.id === accountId ? account : undefined;
    },
    findSession(api, sessionId) {
      const id = readId(SESSION_ID_PREFIX, sessionId);
      const session = id && sessions.find({ api: api.index, ...id });
      if (session === undefined) return undefined;
      const principal = toPrincipal(tables, api, keys.findById({ api: api.index, ...session.keyId }));
      return principal && { id: sessionId, expiresAtMs: session.expiresAtMs, principal };
    },
  };
}
