import type { Api } from '../../domain/policy.ts';
import type { Subject } from '../../domain/limit.ts';
import type { VerifiedToken } from '../../domain/token.ts';
import type { Believed } from './believed.ts';
import { TokenMemory } from './token-memory.ts';
import type { Remembered, TokenMemoryOptions } from './token-memory.ts';

/** Different sets of rights: as many as an issuer's rules can make of its tokens in earnest. */
export const RIGHTS_MAX = 4_096;

/** Rights that many tokens share, kept once. */
interface Rights {
  readonly permissions: ReadonlySet<string>;
  readonly role: string;
}

/** Tokens that were believed, as long as memory lasts. Whether they still hold is for the caller to ask. */
export interface RememberedTokens {
  find(api: Api, token: string): Believed | undefined;
  remember(api: Api, token: string, believed: Believed): void;
  readonly size: number;
}

const KINDS: readonly VerifiedToken['kind'][] = ['issuer', 'key_signed', 'session'];
const NOBODY: Subject = { word0: 0, word1: 0, word2: 0 };
const NO_RIGHTS: Rights = { permissions: new Set(), role: '' };

export function createRememberedTokens(options: TokenMemoryOptions): RememberedTokens {
  const memory = new TokenMemory(options);
  const pool: Rights[] = [];
  const placeOf = new Map<string, number>();

  /** The place of rights in the pool. Where it is full, all is forgotten: records hold places. */
  function intern(rights: Rights): number {
    const text = JSON.stringify([rights.role, ...[...rights.permissions].sort()]);
    const known = placeOf.get(text);
    if (known !== undefined) return known;
    if (pool.length === RIGHTS_MAX) {
      memory.clear();
      placeOf.clear();
      pool.length = 0;
    }
    placeOf.set(text, pool.length);
    return pool.push(rights) - 1;
  }

  return {
    find(api, token) {
      const remembered = memory.find(api.index, token);
      return remembered && toBelieved(api, remembered, pool[remembered.rights] ?? NO_RIGHTS);
    },
    remember(api, token, believed) {
      const rights = believed.token.kind === 'issuer' ? intern(believed.token) : 0;
      memory.remember(token, toRemembered(api, believed, rights));
    },
    get size() {
      return memory.size;
    },
  };
}

function toRemembered(api: Api, believed: Believed, rights: number): Remembered {
  const { token, notBeforeMs, expiresAtMs, keysVersion, keyId } = believed;
  const common = {
    api: api.index,
    kind: KINDS.indexOf(token.kind),
    keysVersion,
    rights,
    notBeforeMs,
    expiresAtMs,
    keyId,
    subject: NOBODY,
    accountSubject: NOBODY,
  };
  if (token.kind === 'session') return { ...common, index: 0, name: token.sessionId };
  if (token.kind === 'key_signed') return { ...common, index: token.tier, name: token.keyId };
  const { account, subject, accountSubject } = token;
  return {
    ...common,
    index: api.tokens.issuers.indexOf(token.rules),
    name: account,
    subject,
    accountSubject,
  };
}

function toBelieved(api: Api, remembered: Remembered, rights: Rights): Believed | undefined {
  const { notBeforeMs, expiresAtMs, keysVersion, keyId } = remembered;
  const token = toToken(api, remembered, rights);
  return token && { token, notBeforeMs, expiresAtMs, keysVersion, keyId };
}

function toToken(api: Api, remembered: Remembered, { permissions, role }: Rights): VerifiedToken | undefined {
  const { index, name, expiresAtMs, subject, accountSubject } = remembered;
  const kind = KINDS[remembered.kind];
  if (kind === 'session') return { kind, sessionId: name, expiresAtMs };
  if (kind === 'key_signed') return { kind, keyId: name, tier: index, expiresAtMs };
  const rules = api.tokens.issuers[index];
  if (kind === undefined || rules === undefined) return undefined;
  return { kind, rules, account: name, accountSubject, subject, permissions, role, expiresAtMs };
}
