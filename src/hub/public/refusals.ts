import type { RefusalCode } from '../../domain/decision.ts';
import type { SessionRefusal } from '../sessions/engine.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps } from './asked.ts';

/** Outside, a token that never was, one that is over and one that was stolen look the same. */
export const SESSION_REFUSALS: Readonly<Record<SessionRefusal, RefusalCode>> = {
  no_sessions: 'not_found',
  key_gone: 'credential_invalid',
  account_gone: 'credential_invalid',
  token_unknown: 'credential_invalid',
  session_ended: 'credential_invalid',
  token_reused: 'credential_invalid',
  address_not_allowed: 'address_not_allowed',
  sessions_full: 'unavailable',
};

/** A client's refusal. Only a wrong key is a guess; one that is right and may not, or that was not sent, is none. */
export function refuseClient(code: RefusalCode, asked: Asked, deps: EndpointDeps): Answer | Refusal {
  const refusal: Refusal = { refuse: code };
  return code === 'credential_invalid' ? refuseGuess(refusal, asked, deps) : refusal;
}

/**
 * Counts a wrong credential of the client's address, which after too many is told how long to wait. Nobody asks here before a credential
 * is known to be wrong: a right one is never kept out.
 */
export function refuseGuess(
  refusal: Answer | Refusal,
  { place }: Asked,
  { failures, clock }: EndpointDeps,
): Answer | Refusal {
  const { retryAfterSeconds } = failures.count(place.clientAddress, clock.now().monotonicMs);
  return retryAfterSeconds === undefined ? refusal : toWait(retryAfterSeconds);
}

/** Counts an exchange of a key that was shown; a refusal where it is exchanged too often. */
export function refuseExchange(
  { keyId }: { readonly keyId: string },
  { exchanges, clock }: EndpointDeps,
): Refusal | undefined {
  const waitSeconds = exchanges.take(keyId, clock.now().monotonicMs);
  return waitSeconds === undefined ? undefined : toWait(waitSeconds);
}

function toWait(seconds: number): Refusal {
  return { refuse: 'rate_limited', headers: [['retry-after', String(seconds)]] };
}
