import type { CredentialFault, Denial } from '../../domain/decision.ts';
import { CARRIED_ACCOUNT_ID } from '../../domain/feed-records.ts';
import type { Api } from '../../domain/policy.ts';
import { ACCOUNT_ROW_NONE, TIER_OF_ACCOUNT, lowerTier } from '../../domain/principal.ts';
import type { Account, Principal } from '../../domain/principal.ts';
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

function findSessionHolder(
  { api, token, now }: OfKind<'session'>,
  subjects: TokenSubjects,
): Principal | Denial {
  const session = subjects.findSession(api, token.sessionId);
  if (session === undefined || now.wallMs >= session.expiresAtMs) return invalid('session_ended');
  return now.wallMs < session.principal.expiresAtMs ? session.principal : invalid('expired');
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

function invalid(fault: CredentialFault): Denial {
  return { code: 'credential_invalid', fault };
}
