import type { Api } from '../../domain/policy.ts';
import { TIER_OF_ACCOUNT, lowerTier } from '../../domain/principal.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Session } from '../../domain/session.ts';
import type { TokenSubjects } from '../../ports.ts';
import { nameOfId } from './kept.ts';
import type { KeyPlace } from './key-table.ts';
import { KEY_ID_PREFIX, SESSION_ID_PREFIX, readId, writeId } from './named-id.ts';
import type { SessionPlace } from './session-table.ts';
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
  const { keys, kept, accounts, sessions } = tables;
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
      if (id === undefined) return undefined;
      const name = nameOfId(id);
      const known = kept.sessions.find(api.index, name);
      if (known !== undefined) return known;
      const session = toSession(tables, api, {
        id: sessionId,
        place: sessions.find({ api: api.index, ...id }),
      });
      return session && kept.sessions.offer(api.index, name, session);
    },
  };
}

interface SessionOf {
  readonly id: string;
  readonly place: SessionPlace | undefined;
}

/** A session with what its key may do in it; undefined where it or its key is not known. */
function toSession(tables: Tables, api: Api, { id, place }: SessionOf): Session | undefined {
  if (place === undefined) return undefined;
  const key = toPrincipal(tables, api, tables.keys.findById({ api: api.index, ...place.keyId }));
  if (key === undefined) return undefined;
  const profile = lowerTier(key.profile, api.tokens.sessions?.tier ?? TIER_OF_ACCOUNT);
  const principal = { ...key, credential: 'session', sessionId: id, profile } as const;
  return { expiresAtMs: place.expiresAtMs, principal };
}
