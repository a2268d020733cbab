import * as z from 'zod';

/** A duration in words: `60s`, `59.999s`, `1ms`, `36h`, `1d`. */
const DURATION = z.string().regex(/^\d+(\.\d{1,3})?(ms|s|m|h|d)$/);
const HEADER = z.tuple([z.string(), z.string()]);
/** As it is compared: in lower case. */
export const HEADER_NAME = z.string().regex(/^[a-z0-9_.-]+$/, 'expected the name of a header in lower case');
const REF = z.string().regex(/^[a-z_]+$/);
/** A reason that a reader can weigh, not a word that fills a place. */
export const REASON = z.string().min(20);

const ACCOUNT = z.strictObject({
  api: z.string().optional(),
  tier: z.string().optional(),
  billing: z.enum(['active', 'trialing', 'trial_not_started', 'inactive']).optional(),
  trial_ends_in: DURATION.optional(),
  credits: z.int().optional(),
});

const KEY = z.strictObject({
  api: z.string().optional(),
  account: REF.default('main'),
  tier: z.string().optional(),
  permissions: z.array(z.string()).optional(),
  role: z.string().optional(),
  allow_ips: z.array(z.string()).optional(),
  limits: z.array(z.string()).optional(),
  expires_in: DURATION.optional(),
  /** The key itself, made elsewhere. */
  imported: z.string().optional(),
});

/** A JWT that the case makes and signs for real. */
const TOKEN = z.strictObject({
  /** The token of the file whose members it has unless it says otherwise; `null` takes one out. */
  like: REF.optional(),
  /** `clerk`, `stranger` (nobody's key), or `key.main`: an API key of the case. */
  signed_by: z.string().optional(),
  /** Beside `alg` and `typ`. */
  header: z.record(z.string(), z.unknown()).optional(),
  /** `iat`, `nbf` and `exp` as durations from when it is signed: `60s`, `-1ms`. */
  claims: z.record(z.string(), z.unknown()).optional(),
});

const REQUEST = z.strictObject({
  method: z.string().optional(),
  path: z.string().optional(),
  host: z.string().optional(),
  /** In place of the file's headers. */
  headers: z.array(HEADER).optional(),
  /** Beside the file's headers. */
  and: z.array(HEADER).optional(),
  /** The address at the other end of the gateway's client connection. */
  peer: z.string().optional(),
  /** What the gateway's route says the API is. */
  named_api: z.string().optional(),
  /** Over HTTP/2, as a gRPC client of the API sends it. */
  grpc: z.boolean().optional(),
});

/** How the limit headers read, value by value. */
const LIMITS = z.strictObject({
  /** `x-ratelimit-limit`, `-remaining`, `-reset`. */
  x: z.tuple([z.int(), z.int(), z.int()]),
  policy: z.string(),
  now: z.string(),
});

const ANSWER_MEMBERS = {
  status: z.int().optional(),
  /** Every header of ours that the client sees, and no other. */
  headers: z.record(z.string(), z.string()).optional(),
  limits: LIMITS.nullable().optional(),
  retry_after: z.int().optional(),
  body: z.string().optional(),
  /** The identity headers that reach the upstream, and no other; absent: nothing reaches it. */
  upstream: z.record(z.string(), z.string()).optional(),
};

const ANSWER = z.strictObject({ ...ANSWER_MEMBERS, like: z.string().optional() });
export const ANSWER_OR_NAME = z.union([z.string(), ANSWER]);

/** What Envoy does with the request itself, where that is not what Tollgate would answer. */
const ENVOY = z.union([
  z.strictObject({ why: REASON, answers: z.int() }),
  z.strictObject({ why: REASON, answer: ANSWER_OR_NAME }),
]);

const STEP = z.union([
  z.strictObject({
    send: REQUEST.optional(),
    /** As many requests; all but the last are judged by their status alone, because limits count down. */
    times: z.int().min(2).optional(),
    /** The gateway's own retry of the request before. */
    repeat: z.literal(true).optional(),
    /** Whether `${request_id}` is the one the client sent. */
    request_id: z.literal('sent').optional(),
    answer: ANSWER_OR_NAME,
    envoy: ENVOY.optional(),
  }),
  z.strictObject({ advance: DURATION }),
  z.strictObject({ jump: DURATION }),
  z.strictObject({ advance_to: z.literal('next_month') }),
  z.strictObject({
    set_account: z.strictObject({
      account: REF.default('main'),
      tier: z.string().optional(),
      standing: z.enum(['ok', 'suspended', 'disabled']).optional(),
      billing: z.enum(['active', 'trialing', 'trial_not_started', 'inactive']).optional(),
      trial_ends_in: DURATION.optional(),
    }),
  }),
  z.strictObject({
    set_key: z.strictObject({
      key: REF.default('main'),
      tier: z.string().nullable().optional(),
      permissions: z.array(z.string()).optional(),
      role: z.string().nullable().optional(),
      allow_ips: z.array(z.string()).nullable().optional(),
      limits: z.array(z.string()).optional(),
      expires_in: DURATION.nullable().optional(),
    }),
  }),
  z.strictObject({
    grant: z.strictObject({
      account: REF.default('main'),
      credits: z.int(),
      ref: z.string().optional(),
    }),
  }),
  z.strictObject({ revoke: REF }),
  /** Signs a token of the case anew, at the time that it is now. */
  z.strictObject({ sign: REF }),
  z.strictObject({ exchange: z.strictObject({ key: REF.default('main'), as: REF }) }),
  z.strictObject({
    refresh: z.strictObject({ session: REF.default('main'), as: REF, refused: z.literal(true).optional() }),
  }),
  z.strictObject({ logout: REF }),
  /** All sessions of a key, by an operator. */
  z.strictObject({ end_sessions_of: REF }),
  z.strictObject({ rotate: z.strictObject({ key: REF.default('main'), as: REF, overlap: DURATION }) }),
  z.strictObject({
    account_has: z.strictObject({
      account: REF.default('main'),
      remaining: z.int(),
      purchased: z.int().optional(),
    }),
  }),
]);

const CASE = z.strictObject({
  name: z.string().min(10),
  accounts: z.record(REF, ACCOUNT).default({}),
  keys: z.record(REF, KEY).default({}),
  tokens: z.record(REF, TOKEN).default({}),
  /** Sessions by name, each got for the key that is named. */
  sessions: z.record(REF, REF).default({}),
  /** Where in a month of its own the case begins: at noon of the fourth, unless it says otherwise. The page's own time is 2026-02-04T12:00:00Z. */
  starts: z.enum(['last_second_of_the_month', 'the_time_of_the_page']).optional(),
  /** Why no client of Envoy can send this. */
  in_process_only: REASON.optional(),
  send: REQUEST.optional(),
  request_id: z.literal('sent').optional(),
  answer: ANSWER_OR_NAME.optional(),
  envoy: ENVOY.optional(),
  steps: z.array(STEP).min(1).optional(),
});

/** A file of cases: what most of them share, the API's answers each written out once, and the cases. */
export const CASE_FILE = z.strictObject({
  api: z.string(),
  /** How the keys begin that the API issues; without it no case speaks of one that was never issued. */
  key_prefix: z.string().min(1).optional(),
  /** Beside the usual ones (`names.ts`): what a gateway must not let a client bring to this API's application. */
  names: z
    .strictObject({
      credentials: z.array(HEADER_NAME).default([]),
      identities: z.array(HEADER_NAME).default([]),
    })
    .default({ credentials: [], identities: [] }),
  accounts: z.record(REF, ACCOUNT).default({}),
  keys: z.record(REF, KEY).default({}),
  tokens: z.record(REF, TOKEN).default({}),
  /** The API's own endpoints for sessions, and the header in which they take keys. */
  sessions_at: z
    .strictObject({ create: z.string(), refresh: z.string(), logout: z.string(), key_header: z.string() })
    .optional(),
  request: z.strictObject({
    method: z.string(),
    host: z.string(),
    path: z.string(),
    headers: z.array(HEADER),
  }),
  words: z.record(z.string(), z.string()).default({}),
  answers: z.record(z.string(), ANSWER),
  cases: z.array(CASE).min(1),
});

export type CaseFile = z.infer<typeof CASE_FILE>;
export type Case = z.infer<typeof CASE>;
export type Step = z.infer<typeof STEP>;
export type RequestStep = Extract<Step, { answer: unknown }>;
export type AnswerText = z.infer<typeof ANSWER>;
export type AnswerOrName = z.infer<typeof ANSWER_OR_NAME>;
export type AccountText = z.infer<typeof ACCOUNT>;
export type TokenText = z.infer<typeof TOKEN>;
export type KeyText = z.infer<typeof KEY>;
