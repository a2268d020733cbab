import * as z from 'zod';
import { AUDIT_ACTIONS } from '../../domain/audit.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import {
  OVERLAP_DEFAULT_MS,
  OVERLAP_MAX_MS,
  PAGE_MAX,
  SESSION_ENDS,
  SIGNING_KEY_STARTS,
  SIGNING_KEY_STATES,
} from '../../domain/operations.ts';
import type {
  AccountView,
  CreatedKey,
  KeyView,
  Page,
  Revocation,
  SessionView,
  SessionsRevoked,
  SigningKeyView,
} from '../../domain/operations.ts';
import { BILLINGS, STANDINGS } from '../../domain/principal.ts';
import { SECOND_MS } from '../../domain/time.ts';

/*
 * What the admin API takes and gives. Requests are judged by these, answers are described by them, and both are in `openapi.json`.
 * They say what has which form; what a word means to its API is judged by the operations.
 */

const TEXT_CHARS_MAX = 1_024;
const LIST_MAX = 1_000;

const text = z.string().max(TEXT_CHARS_MAX);
const texts = z.array(text).max(LIST_MAX);
const instant = z.iso.datetime({ precision: 0 });
const id = z.string().min(1).max(TEXT_CHARS_MAX);

const credits = z.int().min(1);

export const apiPath = z.strictObject({ api: id });
export const accountPath = z.strictObject({ api: id, account: id });
export const keyPath = z.strictObject({ api: id, key: id });
export const sessionPath = z.strictObject({ api: id, session: id });
export const nothing = z.strictObject({});

const page = {
  after: text.optional(),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `expected a number from 1 to ${PAGE_MAX}`)
    .transform(Number)
    .pipe(z.int().min(1).max(PAGE_MAX))
    .optional(),
};
export const keyQuery = z.strictObject({ account: id.optional(), ...page });
export const sessionQuery = z.strictObject({ account: id.optional(), key: id.optional(), ...page });
export const auditQuery = z.strictObject({ object: id.optional(), ...page });

export const newAccount = z.strictObject({
  id,
  tier: text.optional(),
  billing: z.enum(BILLINGS).optional(),
  trial_ends: text.optional(),
  credits: z.int().min(0).optional(),
});

export const accountChange = z.strictObject({
  tier: text.optional(),
  billing: z.enum(BILLINGS).optional(),
  trial_ends: text.nullable().optional(),
});

export const standingChange = z.strictObject({ standing: z.enum(STANDINGS) });

export const creditGrant = z.strictObject({ credits, ref: text.optional() });

const rights = { permissions: texts.optional(), limits: texts.optional() };

export const newKey = z.strictObject({
  account: id,
  name: text,
  tier: text.optional(),
  role: text.optional(),
  allow_ips: texts.optional(),
  expires_at: text.optional(),
  ...rights,
});

export const keyChange = z.strictObject({
  name: text.optional(),
  tier: text.nullable().optional(),
  role: text.nullable().optional(),
  allow_ips: texts.nullable().optional(),
  expires_at: text.nullable().optional(),
  ...rights,
});

export const rotation = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(OVERLAP_MAX_MS / SECOND_MS)
    .default(OVERLAP_DEFAULT_MS / SECOND_MS),
});

/** Exactly one of them; the operation says so. */
export const sessionSelection = z.strictObject({
  session: id.optional(),
  key: id.optional(),
  account: id.optional(),
});

export const signingKeyRotation = z.strictObject({ start: z.enum(SIGNING_KEY_STARTS).optional() });

const account = z.strictObject({
  id: z.string(),
  api: z.string(),
  tier: z.string().nullable(),
  standing: z.enum(STANDINGS),
  billing: z.enum(BILLINGS),
  trial_ends: instant.nullable(),
  credits: z.strictObject({
    remaining: z.int().min(0),
    monthly_allowance: z.int().min(0),
    purchased: z.int().min(0),
  }),
  created_at: instant,
}) satisfies z.ZodType<AccountView>;

const key = z.strictObject({
  id: z.string(),
  api: z.string(),
  account: z.string(),
  name: z.string(),
  hint: z.string(),
  status: z.enum(['active', 'expired', 'revoked']),
  tier: z.string().nullable(),
  permissions: z.array(z.string()),
  role: z.string().nullable(),
  allow_ips: z.array(z.string()).nullable(),
  limits: z.array(z.string()),
  created_at: instant,
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
  last_used_at: instant.nullable(),
}) satisfies z.ZodType<KeyView>;

const session = z.strictObject({
  id: z.string(),
  api: z.string(),
  account: z.string(),
  key: z.string(),
  status: z.enum(['active', 'expired', 'ended']),
  created_at: instant,
  refreshed_at: instant,
  idle_until: instant,
  expires_at: instant,
  ended_at: instant.nullable(),
  ended_why: z.enum(SESSION_ENDS).nullable(),
}) satisfies z.ZodType<SessionView>;

const signingKey = z.strictObject({
  kid: z.string(),
  api: z.string(),
  algorithm: z.enum(['EdDSA', 'ES256']),
  state: z.enum(SIGNING_KEY_STATES),
  published_at: instant,
  signs_from: instant,
  published_until: instant.nullable(),
}) satisfies z.ZodType<SigningKeyView>;

const auditValue = z.union([z.string(), z.number(), z.null(), z.array(z.string())]);

const auditEntry = z.strictObject({
  seq: z.int().min(1),
  at: instant,
  actor: z.string(),
  source: z.string(),
  request_id: z.string().nullable(),
  action: z.enum(AUDIT_ACTIONS),
  api: z.string().nullable(),
  object: z.string().nullable(),
  changed: z.record(z.string(), z.strictObject({ from: auditValue, to: auditValue })),
}) satisfies z.ZodType<AuditEntry>;

function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item).max(PAGE_MAX), next: z.string().nullable() });
}

/** RFC 9457; `type` is always `about:blank`, and `code` tells the cases apart. */
const problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  request_id: z.string(),
  errors: z
    .array(
      z.strictObject({
        /** Where in the body, as a fragment with a JSON pointer (RFC 6901 §6). */
        pointer: z.string().optional(),
        /** Which parameter of the query. */
        parameter: z.string().optional(),
        detail: z.string(),
      }),
    )
    .optional(),
});

/** Every form of an answer, by the name under which `openapi.json` has it. */
export const ANSWERS = {
  Account: account,
  Key: key,
  KeyPage: pageOf(key) satisfies z.ZodType<Page<KeyView>>,
  CreatedKey: z.strictObject({ ...key.shape, key: z.string() }) satisfies z.ZodType<CreatedKey>,
  Revocation: z.strictObject({
    ...key.shape,
    unconfirmed: z.array(z.string()),
  }) satisfies z.ZodType<Revocation>,
  Session: session,
  SessionPage: pageOf(session) satisfies z.ZodType<Page<SessionView>>,
  SessionsRevoked: z.strictObject({
    ended: z.int().min(0),
    unconfirmed: z.array(z.string()),
  }) satisfies z.ZodType<SessionsRevoked>,
  SigningKey: signingKey,
  SigningKeyPage: pageOf(signingKey) satisfies z.ZodType<Page<SigningKeyView>>,
  AuditPage: pageOf(auditEntry) satisfies z.ZodType<Page<AuditEntry>>,
  OpenApi: z.looseObject({ openapi: z.string() }),
  Problem: problem,
} as const;

export type AnswerName = keyof typeof ANSWERS;
