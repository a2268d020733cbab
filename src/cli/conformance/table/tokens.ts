import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { LoadedCase } from './load.ts';
import type { TokenText } from './schema.ts';
import { durationMs } from './words.ts';

/** Clerk's place is taken by a key pair that is made when the tests start; the configuration is given its public half. */
const CLERK = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** Somebody else's, for tokens that only say they are Clerk's. */
const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** As Clerk shows it to its customers: PEM. */
export const CLERK_PEM = CLERK.publicKey.export({ type: 'spki', format: 'pem' });

export interface Signing {
  readonly nowMs: number;
  /** Fills the `${word}`s of a text. */
  readonly fill: (text: string) => string;
  /** The API key of that name in the case. */
  readonly keyOf: (ref: string) => string;
}

/** The case's own, in whole or like one of the file's; else the file's. */
export function findTokenText(ref: string, { file, text }: LoadedCase): TokenText {
  const own = text.tokens[ref] ?? file.tokens[ref];
  if (own === undefined) throw new Error(`the case has no token ${ref}`);
  if (own.like === undefined) return own;
  const base = file.tokens[own.like];
  if (base === undefined) throw new Error(`the file has no token ${own.like}`);
  return {
    ...base,
    ...own,
    header: { ...base.header, ...own.header },
    claims: { ...base.claims, ...own.claims },
  };
}

/** A JWT (RFC 7515 §7.1) of what the case says, signed for real. */
export function signToken(text: TokenText, signing: Signing): string {
  const signedBy = text.signed_by ?? '';
  const algorithm = signedBy.startsWith('key.') ? 'HS256' : 'RS256';
  const header = { alg: algorithm, typ: 'JWT', ...fillMembers(text.header ?? {}, signing) };
  const claims = fillTimes(fillMembers(text.claims ?? {}, signing), signing.nowMs);
  const signed = `${toPart(withoutNulls(header))}.${toPart(withoutNulls(claims))}`;
  return `${signed}.${signatureOf(signed, signedBy, signing)}`;
}

function signatureOf(signed: string, signedBy: string, { keyOf }: Signing): string {
  if (signedBy.startsWith('key.')) {
    return createHmac('sha256', keyOf(signedBy.slice('key.'.length)))
      .update(signed)
      .digest('base64url');
  }
  return sign('sha256', Buffer.from(signed), rsaKeyOf(signedBy)).toString('base64url');
}

function rsaKeyOf(signedBy: string): KeyObject {
  if (signedBy === 'clerk') return CLERK.privateKey;
  if (signedBy === 'stranger') return STRANGER.privateKey;
  throw new Error(`nobody called ${signedBy} signs tokens`);
}

type Members = Readonly<Record<string, unknown>>;

const TIMES: ReadonlySet<string> = new Set(['iat', 'nbf', 'exp']);

/** Times are told as durations from now. */
function fillTimes(claims: Members, nowMs: number): Members {
  const filled = Object.entries(claims).map(([name, value]) => {
    if (!TIMES.has(name) || typeof value !== 'string') return [name, value];
    const awayMs = value.startsWith('-') ? -durationMs(value.slice(1)) : durationMs(value);
    return [name, (nowMs + awayMs) / 1_000];
  });
  return Object.fromEntries(filled) as Members;
}

function fillMembers(members: Members, signing: Signing): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, fillValue(value, signing)]),
  );
}

function fillValue(value: unknown, signing: Signing): unknown {
  if (typeof value === 'string') return signing.fill(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return fillMembers(value as Members, signing);
}

/** `null` takes a member out that the token it is made like has. */
function withoutNulls(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

function toPart(members: Members): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}
