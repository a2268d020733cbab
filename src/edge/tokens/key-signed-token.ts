import type { KeySigner } from '../../domain/session.ts';
import type { Api } from '../../domain/policy.ts';
import { KEY_SIGNERS_MAX } from '../../domain/session.ts';
import type { Now } from '../../domain/time.ts';
import type { KeySignedRules, TokenFault } from '../../domain/token.ts';
import { TIER_OF_ACCOUNT } from '../../domain/principal.ts';
import type { Eventually, TokenKeys } from '../../ports.ts';
import { isHmacSha256 } from './algorithms.ts';
import type { Belief } from './believed.ts';
import { findSubject, isForAudience } from './claims.ts';
import { andThen } from './eventually.ts';
import { isKeyId } from './ids.ts';
import type { ParsedToken } from './parsed-token.ts';
import type { SignatureWork } from './signature-work.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';
import { readCurrentValidity } from './validity.ts';
import type { Validity } from './validity.ts';

/** RFC 7518 §3.2: as long as the digest. */
const SECRET_BYTES_MIN = 32;
const TYPES: ReadonlySet<string> = new Set(['', 'jwt']);
const TIER_NOT_KNOWN = 'token_tier';

export interface KeySignedAsked {
  readonly api: Api;
  readonly rules: KeySignedRules;
  readonly keys: TokenKeys;
  readonly work: SignatureWork;
  readonly now: Now;
}

/**
 * Judges a token that a customer signed with an API key: HS256 and nothing else. Where `kid` names a key, `sub` is anyone's business; else it names the
 * account whose keys are tried.
 */
export function verifyKeySignedToken(parsed: ParsedToken, asked: KeySignedAsked): Eventually<Belief> {
  const claimed = readClaims(parsed, asked);
  if (typeof claimed === 'string') return claimed;
  const { keyId } = parsed.head;
  if (keyId !== undefined && !isKeyId(keyId)) return 'token_key';
  const by = keyId === undefined ? { account: claimed.subject } : { keyId };
  const found = asked.work.tryKeys(() => findSigner(parsed, by, asked), asked.now);
  return andThen(found, (signer) => {
    if (typeof signer === 'string') return signer;
    const { tier, validity } = claimed;
    const { expiresAtMs } = validity;
    const token = { kind: 'key_signed', keyId: signer.keyId, tier, expiresAtMs } as const;
    return { token, ...validity, keysVersion: 0, keyId: '' };
  });
}

/** The key that has signed, of those that may have. */
function findSigner(
  { signedText, signature }: ParsedToken,
  by: Parameters<TokenKeys['findSigners']>[1],
  { api, keys, now }: KeySignedAsked,
): KeySigner | TokenFault {
  const signers = keys.findSigners(api, by, now).slice(0, KEY_SIGNERS_MAX).filter(isStrong);
  if (signers.length === 0) return 'token_key';
  return signers.find(({ secret }) => isHmacSha256(signedText, signature, secret)) ?? 'token_signature';
}

interface Claimed {
  readonly validity: Validity;
  readonly subject: string;
  readonly tier: number;
}

function readClaims(
  { head, payload }: ParsedToken,
  { api, rules, now }: KeySignedAsked,
): Claimed | TokenFault {
  if (head.algorithm !== 'HS256') return 'token_algorithm';
  if (!TYPES.has(head.type)) return 'token_type';
  const validity = readCurrentValidity(payload, rules, now.wallMs);
  if (typeof validity === 'string') return validity;
  const subject = findSubject(payload);
  if (subject === undefined) return 'token_claims';
  if (!isForAudience(payload, [])) return 'token_audience';
  const tier = readTier(payload, api);
  return tier === TIER_NOT_KNOWN ? tier : { validity, subject, tier };
}

function readTier(payload: JsonObject, { tiers }: Api): number | typeof TIER_NOT_KNOWN {
  const name = findMember(payload, 'tier');
  if (name === undefined) return TIER_OF_ACCOUNT;
  const tier = name === '' ? undefined : tiers.find((tier) => tier.name === name);
  return tier?.index ?? TIER_NOT_KNOWN;
}

function isStrong({ secret }: KeySigner): boolean {
  return secret.length >= SECRET_BYTES_MIN;
}
