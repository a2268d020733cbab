import type { Denial } from '../../domain/decision.ts';
import type { Api } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { Directory, Eventually, TokenSubjects, TokenVerifier } from '../../ports.ts';
import { attempt } from './attempt.ts';
import type { Credential } from './credential.ts';
import { andThen } from './eventually.ts';
import { identify } from './identify.ts';

export interface Presented {
  readonly api: Api;
  readonly credential: Credential;
  readonly now: Now;
  /** How long the issuer's keys may be waited for. */
  readonly withinMs: number;
}

export interface AuthenticatePorts {
  readonly directory: Directory;
  readonly subjects: TokenSubjects;
  readonly tokens: TokenVerifier;
}

/** Whom the credential identifies. What is unknown, revoked, expired or forged is one and the same refusal; an issuer whose keys cannot be had is an outage, never waived. */
export function authenticate(
  presented: Presented,
  ports: AuthenticatePorts,
): Eventually<Principal | Denial | DependencyDown> {
  return presented.credential.kind === 'jwt'
    ? authenticateToken(presented, ports)
    : authenticateKey(presented, ports.directory);
}

function authenticateKey({ api, credential, now }: Presented, directory: Directory): Principal | Denial {
  const principal = directory.find(api, credential.value);
  if (principal === undefined) return { code: 'credential_invalid', fault: 'unknown' };
  if (now.wallMs >= principal.expiresAtMs) return { code: 'credential_invalid', fault: 'expired' };
  return principal;
}

function authenticateToken(
  { api, credential, now, withinMs }: Presented,
  { tokens, subjects }: AuthenticatePorts,
): Eventually<Principal | Denial | DependencyDown> {
  const verified = attempt(() => tokens.verify(api, credential.value, now, withinMs));
  return andThen(verified, (token) => {
    if (token instanceof DependencyDown) return token;
    if (typeof token === 'string') return { code: 'credential_invalid', fault: token };
    return identify({ api, token, now }, subjects);
  });
}
