import type { IssuerRules, KeySignedRules, SessionRules, TokenRules } from '../../domain/token.ts';

/** By whose rules a token is judged. */
export type Authority =
  | { readonly kind: 'issuer'; readonly rules: IssuerRules }
  | { readonly kind: 'session'; readonly rules: SessionRules }
  | { readonly kind: 'key_signed'; readonly rules: KeySignedRules };

/**
 * Whose token it says it is, decided by `iss` alone and before anything is verified. A token that names an issuer is that issuer's, whatever else it may be;
 * what is left is a customer's, where customers may sign.
 */
export function findAuthority(
  { issuers, sessions, keySigned }: TokenRules,
  iss: string | undefined,
): Authority | undefined {
  const rules = issuers.find(({ issuer }) => issuer === iss);
  if (rules !== undefined) return { kind: 'issuer', rules };
  if (sessions !== undefined && sessions.issuer === iss) return { kind: 'session', rules: sessions };
  return keySigned && { kind: 'key_signed', rules: keySigned };
}
