import type { Api } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Session } from '../../domain/session.ts';
import { AccountTable } from './account-table.ts';
import { Kept } from './kept.ts';
import { KeyTable } from './key-table.ts';
import { SessionKeys } from './session-keys.ts';
import { SessionTable } from './session-table.ts';
import { SignerTable } from './signer-table.ts';

/** All that the feed has told of. */
export interface Tables {
  readonly keys: KeyTable;
  /** Of busy keys and sessions. Whoever changes a key or an account clears both. */
  readonly kept: { readonly keys: Kept<Principal>; readonly sessions: Kept<Session> };
  readonly accounts: AccountTable;
  readonly signers: SignerTable;
  readonly sessions: SessionTable;
  readonly sessionKeys: SessionKeys;
}

/** What only tokens need is kept for those APIs alone that take them. */
export function createTables(apis: readonly Api[]): Tables {
  const indicesOf = (takes: (api: Api) => boolean) => new Set(apis.filter(takes).map(({ index }) => index));
  return {
    keys: new KeyTable(indicesOf(({ keys, tokens }) => keys.sealed || tokens.sessions !== undefined)),
    kept: { keys: new Kept(keepPrincipal), sessions: new Kept(keepSession) },
    accounts: new AccountTable(indicesOf(({ keys, tokens }) => keys.sealed || tokens.issuers.length > 0)),
    signers: new SignerTable(),
    sessions: new SessionTable(),
    sessionKeys: new SessionKeys(),
  };
}

function keepPrincipal(principal: Principal): Principal {
  return { ...principal, kept: true };
}

function keepSession({ expiresAtMs, principal }: Session): Session {
  return { expiresAtMs, principal: keepPrincipal(principal) };
}
