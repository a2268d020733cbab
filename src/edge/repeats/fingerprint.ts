import { hash } from 'node:crypto';
import type { Limit, LimitCharge } from '../../domain/limit.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';
import type { RepeatableCheck } from '../../ports.ts';

/** A check as the memory of repeats sees it. */
export interface Asked {
  readonly fingerprint: string;
  /** What it takes of limits, in order. */
  readonly charges: readonly LimitCharge[];
  /** The check's time, monotonic. */
  readonly atMs: number;
}

export function fromCheck(check: RepeatableCheck, now: Now): Asked {
  return { fingerprint: fingerprintOf(check), charges: check.charges, atMs: now.monotonicMs };
}

/**
 * What is the same in a check and its repeat, and in nothing else: 32 characters of one byte each (SHA-256).
 * Every field goes in with its length before it, so no client can move text from one field to the next and get the
 * fingerprint of another check. The limits belong to it: where they changed in between, the repeat is a new check.
 */
function fingerprintOf({ api, request, principal, charges }: RepeatableCheck): string {
  const fields =
    framed(api.name) +
    framed(toHolder(principal)) +
    framed(request.gatewayRequestId) +
    framed(request.gatewayTime) +
    framed(request.peerAddress) +
    framed(request.method) +
    framed(request.target);
  return hash('sha256', fields + textOf(charges), 'latin1');
}

/** Limits are made with the configuration and the profiles of keys, and asked at every check. */
const textOfLimit = new WeakMap<Limit, string>();

function textOf(charges: readonly LimitCharge[]): string {
  let text = '';
  for (const { limit } of charges) {
    const known = textOfLimit.get(limit);
    text += known ?? `${limit.scope} ${limit.count}/${limit.windowMs};`;
    if (known === undefined) textOfLimit.set(limit, `${limit.scope} ${limit.count}/${limit.windowMs};`);
  }
  return text;
}

/** A key by its id; a token by what it speaks for as well, so that neither a session nor an issuer's account meets the reply of another credential. */
function toHolder({ credential, keyId, sessionId = '', subject }: Principal): string {
  if (credential === 'api_key') return keyId;
  return `${credential} ${keyId} ${sessionId} ${subject.word0} ${subject.word1} ${subject.word2}`;
}

function framed(field: string): string {
  return `${field.length}:${field}`;
}
