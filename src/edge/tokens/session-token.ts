import type { Api } from '../../domain/policy.ts';
import type { Now } from '../../domain/time.ts';
import type { SessionRules, TokenFault } from '../../domain/token.ts';
import type { Eventually } from '../../ports.ts';
import { ALGORITHMS } from './algorithms.ts';
import type { Belief } from './believed.ts';
import { findSubject, isForAudience } from './claims.ts';
import { isCleanText, SUBJECT_BYTES_MAX } from './clean-text.ts';
import { andThen } from './eventually.ts';
import { isSessionId } from './ids.ts';
import type { ParsedToken } from './parsed-token.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SignatureWork } from './signature-work.ts';
import { findMember } from './strict-json.ts';
import { readCurrentValidity } from './validity.ts';
import type { Validity } from './validity.ts';

/** RFC 9068 §2.1. */
const TYPE = 'at+jwt';
const ALGORITHMS_OF_SESSIONS: ReadonlySet<string> = new Set(['EdDSA', 'ES256']);

export interface SessionAsked {
  readonly api: Api;
  readonly rules: SessionRules;
  readonly keys: SessionKeys;
  readonly work: SignatureWork;
  readonly now: Now;
}

/** Judges an access token that was issued here: of RFC 9068, signed with a key of this API that the hub has told of. */
export function verifySessionToken(parsed: ParsedToken, asked: SessionAsked): Eventually<Belief> {
  const { rules, keys, api, work, now } = asked;
  const claimed = readClaims(parsed, rules, now);
  if (typeof claimed === 'string') return claimed;
  const { keyId } = parsed.head;
  const known = keyId === undefined ? undefined : keys.find(api, keyId);
  if (keyId === undefined || known === undefined) return 'token_key';
  // The key's own algorithm, which may not be the one that signs today.
  if (known.algorithm !== parsed.head.algorithm) return 'token_algorithm';
  const { signedText: text, signature } = parsed;
  const signed = { text, signature, key: known.key.key, algorithm: ALGORITHMS[known.algorithm] };
  return andThen(work.isRight(signed, now), (right) => {
    if (!right) return 'token_signature';
    const { sessionId, validity } = claimed;
    const token = { kind: 'session', sessionId, expiresAtMs: validity.expiresAtMs } as const;
    return { token, ...validity, keysVersion: known.version, keyId };
  });
}

interface Claimed {
  readonly validity: Validity;
  readonly sessionId: string;
}

function readClaims({ head, payload }: ParsedToken, rules: SessionRules, now: Now): Claimed | TokenFault {
  if (!ALGORITHMS_OF_SESSIONS.has(head.algorithm)) return 'token_algorithm';
  if (head.type !== TYPE) return 'token_type';
  const times = { leewayMs: rules.leewayMs, lifetimeMaxMs: rules.accessLifetimeMs };
  const validity = readCurrentValidity(payload, times, now.wallMs);
  if (typeof validity === 'string') return validity;
  const sessionId = findMember(payload, 'sid');
  // Required by RFC 9068 §2.2: a token without them was not made here.
  const named = ['client_id', 'jti'].every((name) =>
    isCleanText(findMember(payload, name), SUBJECT_BYTES_MAX),
  );
  if (findSubject(payload) === undefined || !named || !isSessionId(sessionId)) return 'token_claims';
  return isForAudience(payload, [rules.audience]) ? { validity, sessionId } : 'token_audience';
}
