import type { ClaimRules, IssuerRules, SessionRules, TokenRules } from '../domain/token.ts';
import { TIER_OF_ACCOUNT } from '../domain/principal.ts';
import type { ApiDocument, IssuerDocument } from './document.ts';

/** Whose tokens the API believes, and under which rules. */
export function compileTokens({ tokens, keys, sessions, tiers }: ApiDocument): TokenRules {
  const { key_signed: keySigned } = tokens;
  return {
    issuers: Object.entries(tokens.issuers).map(([name, issuer]) => compileIssuer(name, issuer)),
    ...(keys.key_signed_jwt && {
      keySigned: { leewayMs: keySigned.leeway, lifetimeMaxMs: keySigned.lifetime },
    }),
    ...(sessions && { sessions: compileSessions(sessions, Object.keys(tiers ?? {})) }),
  };
}

function compileIssuer(name: string, section: IssuerDocument): IssuerRules {
  const { algorithms, types, audiences, leeway, lifetime, unknown_account } = section;
  return {
    name,
    issuer: section.issuer,
    algorithms,
    types,
    audiences,
    authorizedParties: section.authorized_parties,
    leewayMs: leeway,
    lifetimeMaxMs: lifetime,
    keys: section.keys,
    claims: compileClaims(section.claims),
    unknownAccount: unknown_account,
  };
}

function compileClaims({
  format,
  account,
  permissions,
  role,
  permission_of,
  role_of,
}: IssuerDocument['claims']): ClaimRules {
  return {
    format,
    account: account ?? (format === 'plain' ? 'sub' : ''),
    permissions: permissions ?? '',
    role: role ?? '',
    permissionOf: permission_of,
    roleOf: role_of,
  };
}

function compileSessions(
  section: NonNullable<ApiDocument['sessions']>,
  tiers: readonly string[],
): SessionRules {
  return {
    issuer: section.issuer,
    audience: section.audience ?? section.issuer,
    algorithm: section.algorithm,
    accessLifetimeMs: section.access_lifetime,
    lifetimeMs: section.lifetime,
    idleMs: section.idle,
    leewayMs: section.leeway,
    tier: section.tier === undefined ? TIER_OF_ACCOUNT : tiers.indexOf(section.tier),
  };
}
