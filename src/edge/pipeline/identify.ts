import type { CredentialFault, Denial } from '../../domain/decision.ts';
import { CARRIED_ACCOUNT_ID } from '../../domain/feed-records.ts';
import type { Api } from '../../domain/policy.ts';
import { ACCOUNT_ROW_NONE, TIER_OF_ACCOUNT } from '../../domain/principal.ts';
import type { Account, KeyProfile, Principal } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';
import type { VerifiedToken } from '../../domain/token.ts';
import type { TokenSubjects } from '../../ports.ts';

/** A token that keeps every rule of its issuer. */
export interface Verified<Token = VerifiedToken> {
  readonly api: Api;
  readonly token: Token;
  readonly now: Now;
}

type OfKind<Kind extends VerifiedToken['kind']> = Verified<Extract<VerifiedToken, { readonly kind: Kind }>>;

/** Whom the token speaks for now: what it stands on may have ended since it was made. */
export function identify({ api, token, now }: Verified, subjects: TokenSubjects): Principal | Denial {
  if (now.wallMs >= token.expiresAtMs) return invalid('token_expired');
  switch (token.kind) {
    case 'session':
      return findSessionHolder({ api, token, now }, subjects);
    case 'key_signed':
      return findSigner({ api, token, now }, subjects);
    case 'issuer':
      return findForeignHolder({ api, token, now }, subjects);
  }
}

/** The session's key with all its rights, at most of the tier that sessions have. */
function findSessionHolder(
  { api, token, now }: OfKind<'session'>,
  subjects: TokenSubjects,
): Principal | Denial {
  const session = subjects.findSession(api, token.sessionId);
  if (session === undefined || now.wallMs >= session.expiresAtMs) return invalid('session_ended');
  const { principal } = session;
  if (now.wallMs >= principal.expiresAtMs) return invalid('expired');
  const profile = lowerTier(principal.profile, api.tokens.sessions?.tier ?? TIER_OF_ACCOUNT);
  return { ...principal, credential: 'session', sessionId: session.id, profile, kept: undefined };
}

/** The key itself, at most of the tier that it has put into the token. */
function findSigner({ api, token, now }: OfKind<'key_signed'>, subjects: TokenSubjects): Principal | Denial {
  const principal = subjects.findKey(api, token.keyId);
  if (principal === undefined) return invalid('unknown');
  if (now.wallMs >= principal.expiresAtMs) return invalid('expired');
  return {
    ...principal,
    credential: 'jwt',
    profile: lowerTier(principal.profile, token.tier),
    kept: undefined,
  };
}

/** Rights are the token's; standing, billing, tier and credits are the account's alone. */
function findForeignHolder({ api, token }: OfKind<'issuer'>, subjects: TokenSubjects): Principal | Denial {
  const known = subjects.findAccount(api, token.account, token.accountSubject);
  const account = known ?? (token.rules.unknownAccount === 'allow' ? toStranger(api, token) : undefined);
  if (account === undefined) return invalid('account_unknown');
  const { permissions, role } = token;
  return {
    credential: 'jwt',
    keyRow: 0,
    keyId: '',
    expiresAtMs: token.expiresAtMs,
    subject: token.subject,
    profile: { tier: TIER_OF_ACCOUNT, permissions, role, allowlist: undefined, limits: [] },
    account,
  };
}

/** An account that the issuer knows and the store does not; undefined where no store could know one of that name. */
function toStranger(api: Api, token: OfKind<'issuer'>['token']): Account | undefined {
  if (!CARRIED_ACCOUNT_ID.test(token.account)) return undefined;
  return {
    row: ACCOUNT_ROW_NONE,
    id: token.account,
    tier: api.defaultTier,
    standing: 'ok',
    billing: 'active',
    trialEndsMs: Infinity,
    subject: token.accountSubject,
  };
}

/** A tier can lower the key's and never raise it; one that the configuration does not know stays what it is. */
function lowerTier(profile: KeyProfile, tier: number): KeyProfile {
  if (tier === TIER_OF_ACCOUNT) return profile;
  const own = profile.tier;
  return { ...profile, tier: own === TIER_OF_ACCOUNT ? tier : Math.min(own, tier) };
}

function invalid(fault: CredentialFault): Denial {
  return { code: 'credential_invalid', fault };
}
