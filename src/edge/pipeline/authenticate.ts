import type { Denial } from '../../domain/decision.ts';
import type { Api } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';
import type { Directory } from '../../ports.ts';
import type { Credential } from './credential.ts';

export interface Presented {
  readonly api: Api;
  readonly credential: Credential;
  readonly now: Now;
}

/** Whom the credential identifies. Unknown, revoked and expired keys are one and the same refusal. */
export function authenticate(presented: Presented, directory: Directory): Principal | Denial {
  // No issuer of tokens can be configured yet, so nothing could vouch for one.
  if (presented.credential.kind === 'jwt') return { code: 'credential_invalid', fault: 'unverifiable' };
  const principal = directory.find(presented.api, presented.credential.value);
  if (principal === undefined) return { code: 'credential_invalid', fault: 'unknown' };
  if (presented.now.wallMs >= principal.expiresAtMs) return { code: 'credential_invalid', fault: 'expired' };
  return principal;
}
