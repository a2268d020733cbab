import * as z from 'zod';
import { ISSUER_ALGORITHMS } from '../../domain/token.ts';
import { distinct, durationBetween, name } from './text.ts';

const ISSUERS_MAX = 8;
const CHARS_MAX = 512;
const CLAIM_CHARS_MAX = 128;
const FILE_CHARS_MAX = 1_024;
const PEM_CHARS_MAX = 65_536;
const MAPPED_MAX = 256;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** RFC 7519 §4.1.4: no more than a few minutes; here one, for every time in a token. */
const LEEWAY_MAX_MS = 60 * SECOND_MS;
const LIFETIME_MAX_MS = 31 * DAY_MS;

export const leeway = durationBetween(0, LEEWAY_MAX_MS).prefault('5s');
export const tokenLifetime = durationBetween(SECOND_MS, LIFETIME_MAX_MS);

/** What a token says of its issuer or its audience: compared whole, so one spelling. */
export const identifier = z
  .string()
  .max(CHARS_MAX, `expected at most ${CHARS_MAX} characters`)
  .regex(/^[\x21-\x7e]+$/, 'expected a name without blanks, exactly as it stands in the tokens');

/** Tokens that are made for something else than to ask with (RFC 9449 §4.2, OpenID Connect Back-Channel Logout §2.4, RFC 8417 §2.3). */
const FOREIGN_TYPES: ReadonlySet<string> = new Set(['dpop+jwt', 'logout+jwt', 'secevent+jwt', 'refresh+jwt']);

/** `typ`, without the `application/` that senders leave out (RFC 7515 §4.1.9); '' where it may be absent. */
const tokenType = z
  .string()
  .regex(/^(?:[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})?$/, "expected a type such as JWT or at+jwt, or ''")
  .transform((text) => text.toLowerCase())
  .refine((type) => !FOREIGN_TYPES.has(type), {
    error: 'expected the type of access tokens: tokens of this one are made for something else',
  });

const claimName = z
  .string()
  .min(1, 'expected the name of a claim')
  .max(CLAIM_CHARS_MAX, `expected at most ${CLAIM_CHARS_MAX} characters`);

/** From a name of the issuer's to one of ours. */
const mapping = z.record(claimName, name).refine((names) => Object.keys(names).length <= MAPPED_MAX, {
  error: `expected at most ${MAPPED_MAX} entries`,
});

/** Which of them counts is said by a check. */
const keys = z.strictObject({
  url: z.string().max(CHARS_MAX, `expected at most ${CHARS_MAX} characters`).nullish(),
  private_addresses: z.enum(['refuse', 'allow']).default('refuse'),
  stale: durationBetween(60 * SECOND_MS, LIFETIME_MAX_MS).prefault('24h'),
  file: z.string().max(FILE_CHARS_MAX, `expected at most ${FILE_CHARS_MAX} characters`).nullish(),
  pem: z.string().max(PEM_CHARS_MAX, `expected at most ${PEM_CHARS_MAX} characters`).nullish(),
});

const claims = z.strictObject({
  format: z.enum(['plain', 'clerk']).default('plain'),
  account: claimName.optional(),
  permissions: claimName.optional(),
  role: claimName.optional(),
  permission_of: mapping.default({}),
  role_of: mapping.default({}),
});

const issuer = z.strictObject({
  issuer: identifier,
  algorithms: distinct(z.enum(ISSUER_ALGORITHMS)).min(1),
  types: distinct(tokenType).min(1).prefault(['JWT', '']),
  audiences: distinct(identifier).default([]),
  authorized_parties: distinct(identifier).default([]),
  leeway,
  lifetime: tokenLifetime.prefault('1h'),
  keys,
  claims: claims.prefault({}),
  unknown_account: z.enum(['refuse', 'allow']).default('refuse'),
});

const issuers = z.record(name, issuer).refine((named) => Object.keys(named).length <= ISSUERS_MAX, {
  error: `expected at most ${ISSUERS_MAX} issuers`,
});

const keySigned = z.strictObject({ leeway, lifetime: tokenLifetime.prefault('24h') });
/** Where the section is not written. */
export const KEY_SIGNED_DEFAULTS = keySigned.parse({});

/** Whose tokens an API believes, besides those of its own sessions. */
export const tokens = z.strictObject({ issuers: issuers.default({}), key_signed: keySigned.optional() });

export type TokensSection = z.output<typeof tokens>;
export type IssuerSection = z.output<typeof issuer>;
export type KeySetSection = z.output<typeof keys>;
