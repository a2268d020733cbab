import type { Api } from '../../domain/policy.ts';
import type { Now } from '../../domain/time.ts';
import type { IssuerRules, TokenFault } from '../../domain/token.ts';
import { subjectOf } from '../../lib/subject.ts';
import type { Eventually } from '../../ports.ts';
import { ALGORITHMS } from './algorithms.ts';
import type { Belief } from './believed.ts';
import { findSubject, isForAudience, isFromParty } from './claims.ts';
import { isClerkSessionHeader } from './clerk.ts';
import { andThen } from './eventually.ts';
import { findHolder } from './holder.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { ParsedToken } from './parsed-token.ts';
import type { SignatureWork } from './signature-work.ts';
import { readCurrentValidity } from './validity.ts';
import type { Validity } from './validity.ts';

/** An issuer outside, as one API knows it. */
export interface Issuer {
  readonly rules: IssuerRules;
  readonly keys: IssuerKeys;
}

export interface Asked {
  readonly api: Api;
  readonly work: SignatureWork;
  readonly now: Now;
  /** How long keys may be waited for, in milliseconds. */
  readonly withinMs: number;
}

/** Judges a token of an issuer outside. What costs nothing comes first; the key is asked for, and the signature verified, only where all else is right. */
export function verifyIssuerToken(
  parsed: ParsedToken,
  { rules, keys }: Issuer,
  asked: Asked,
): Eventually<Belief> {
  const algorithm = rules.algorithms.find((name) => name === parsed.head.algorithm);
  if (algorithm === undefined) return 'token_algorithm';
  const claimed = readClaims(parsed, rules, asked.now);
  if (typeof claimed === 'string') return claimed;
  const { api, work, now, withinMs } = asked;
  const found = keys.find({ keyId: parsed.head.keyId, algorithm }, now, withinMs);
  return andThen(found, (key) => {
    if (key === undefined) return 'token_key';
    const keysVersion = keys.version;
    const signed = {
      text: parsed.signedText,
      signature: parsed.signature,
      key: key.key,
      algorithm: ALGORITHMS[algorithm],
    };
    return andThen(work.isRight(signed, now), (right) =>
      right ? believe({ parsed, claimed, rules, api, keysVersion }) : 'token_signature',
    );
  });
}

interface Claimed {
  readonly validity: Validity;
  readonly subject: string;
}

function readClaims(parsed: ParsedToken, rules: IssuerRules, now: Now): Claimed | TokenFault {
  const { head, header, payload } = parsed;
  if (!rules.types.includes(head.type)) return 'token_type';
  if (rules.claims.format === 'clerk' && !isClerkSessionHeader(header)) return 'token_type';
  const validity = readCurrentValidity(payload, rules, now.wallMs);
  if (typeof validity === 'string') return validity;
  const subject = findSubject(payload);
  if (subject === undefined) return 'token_claims';
  if (!isForAudience(payload, rules.audiences)) return 'token_audience';
  return isFromParty(payload, rules.authorizedParties) ? { validity, subject } : 'token_party';
}

interface Signed {
  readonly parsed: ParsedToken;
  readonly claimed: Claimed;
  readonly rules: IssuerRules;
  readonly api: Api;
  readonly keysVersion: number;
}

function believe({ parsed, claimed, rules, api, keysVersion }: Signed): Belief {
  const holder = findHolder(parsed.payload, rules.claims);
  if (holder === undefined) return 'token_claims';
  const { validity } = claimed;
  const token = {
    kind: 'issuer',
    rules,
    ...holder,
    accountSubject: subjectOf([api.name, holder.account]),
    subject: subjectOf([api.name, rules.issuer, claimed.subject]),
    expiresAtMs: validity.expiresAtMs,
  } as const;
  return { token, ...validity, keysVersion, keyId: '' };
}
