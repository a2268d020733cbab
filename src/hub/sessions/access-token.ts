import { SignJWT, compactVerify, decodeProtectedHeader, errors, importJWK } from 'jose';
import type { JWK } from 'jose';
import { SECOND_MS } from '../../domain/time.ts';
import { ACCESS_LIFETIME_MAX_MS, TOKEN_CHARS_MAX } from '../../domain/token.ts';
import type { SessionRules } from '../../domain/token.ts';
import type { GrantedSession, StoredSigningKey } from '../store/sessions.ts';
import type { Signer } from './signing-keys.ts';

/** RFC 9068 §2.1 */
const TYPE = 'at+jwt';

export interface AccessToken {
  readonly text: string;
  /** Whole seconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * The access token of a session's latest pair (RFC 9068 §2.2). All of it follows from what is kept of that pair, so that asking again gives
 * the same token; ECDSA alone adds randomness to its signature. It ends with its session and its key, whichever is sooner.
 */
export async function signAccessToken(
  { session, permissions, keyExpiresMs }: GrantedSession,
  rules: SessionRules,
  { kid, algorithm, key }: Signer,
): Promise<AccessToken> {
  const lifetimeMs = Math.min(rules.accessLifetimeMs, ACCESS_LIFETIME_MAX_MS);
  const endsMs = Math.min(session.refreshedMs + lifetimeMs, session.expiresMs, keyExpiresMs ?? Infinity);
  const issuedAt = Math.floor(session.refreshedMs / SECOND_MS);
  // Counted from `iat`, so that no rounding makes the token's own lifetime longer than the rules allow.
  const expiresAt = issuedAt + Math.floor((endsMs - session.refreshedMs) / SECOND_MS);
  const scope = toScope(permissions);
  const text = await new SignJWT({
    iss: rules.issuer,
    aud: rules.audience,
    sub: session.account,
    client_id: session.key,
    iat: issuedAt,
    exp: expiresAt,
    jti: `${session.id}.${session.generation}`,
    sid: session.id,
    ...(scope === '' ? {} : { scope }),
  })
    .setProtectedHeader({ alg: algorithm, typ: TYPE, kid })
    .sign(key);
  return { text, expiresAt };
}

/** RFC 6749 §3.3 */
export function toScope(permissions: readonly string[]): string {
  return permissions.join(' ');
}

/** The session of an access token that one of the keys has signed, expired or not; undefined for any other text. */
export async function readSessionId(
  token: string,
  rules: SessionRules,
  keys: readonly StoredSigningKey[],
): Promise<string | undefined> {
  if (token.length > TOKEN_CHARS_MAX) return undefined;
  try {
    const { kid } = decodeProtectedHeader(token);
    const signed = keys.find((key) => key.kid === kid);
    if (signed === undefined) return undefined;
    const key = await importJWK(JSON.parse(signed.jwk) as JWK, signed.algorithm);
    const verified = await compactVerify(token, key, { algorithms: [signed.algorithm] });
    if (verified.protectedHeader.typ !== TYPE) return undefined;
    const { iss, sid } = JSON.parse(new TextDecoder().decode(verified.payload)) as Record<string, unknown>;
    return iss === rules.issuer && typeof sid === 'string' ? sid : undefined;
  } catch (error) {
    // A text that is no token is an answer; TypeError is what jose says of a header that cannot be decoded.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}
