import * as z from 'zod';
import { parseInstant } from '../../lib/instant.ts';
import { secretText } from './secret-text.ts';
import { accountId, addressBlock, distinct, limitText, name, sentence } from './text.ts';

/** Each is sent to every edge at its start; who has more keeps them in the store. */
const DECLARED_MAX = 1_000;
const NAME_CHARS_MAX = 100;

const account = z.strictObject({
  id: accountId,
  tier: name.optional(),
  billing: z.enum(['active', 'trial_not_started', 'inactive']).default('active'),
});

const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'expected a time such as 2026-12-01T00:00:00Z')
  .refine((text) => parseInstant(text) !== undefined, { error: 'expected a time that exists' });

const key = z.strictObject({
  name: sentence.max(NAME_CHARS_MAX, `expected at most ${NAME_CHARS_MAX} characters`),
  account: accountId,
  key: secretText,
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits, as `tollgate keys digest` prints them')
    .optional(),
  tier: name.optional(),
  permissions: distinct(name).default([]),
  role: name.optional(),
  allow_ips: distinct(addressBlock).optional(),
  limits: distinct(limitText).default([]),
  expires_at: instant.optional(),
});

export const declared = z.strictObject({
  accounts: z.array(account).max(DECLARED_MAX).default([]),
  keys: z.array(key).max(DECLARED_MAX).default([]),
});

export type DeclaredKeySection = z.output<typeof key>;
