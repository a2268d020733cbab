import * as z from 'zod';
import { isCanonicalPath, parsePattern } from '../patterns.ts';
import { fieldValue, headerName, name } from './text.ts';

const ROUTES_MAX = 1_000;
/** More for one request is a slip of the pen. */
const COST_MAX = 1_000_000;
const CREDENTIALS_MAX = 8;

const source = z.strictObject({
  header: headerName,
  scheme: z
    .string()
    .regex(/^(?:[A-Za-z][A-Za-z0-9-]{0,31})?$/, 'expected a scheme such as Bearer')
    .transform((text) => text.toLowerCase())
    .prefault(''),
});

/** Exactly one of the two; a check says so. */
const credential = z.strictObject({ api_key: source.optional(), jwt: source.optional() });

const route = z.strictObject({
  path: z.string().refine((text) => parsePattern(text) !== undefined, {
    error:
      'expected a path below the area: /literal segments, * for one whole segment, ** last for the rest, no trailing slash, letters, digits and . _ ~ - alone',
  }),
  method: z
    .string()
    .regex(/^(?:[A-Z]{1,32}|\*)$/, 'expected a method in capitals, or * for every other one')
    .refine((method) => method !== 'HEAD', { error: 'HEAD is judged as GET: write GET' })
    .default('*'),
  needs: z
    .strictObject({ permission: name.optional(), feature: name.optional(), role: name.optional() })
    .prefault({}),
  credits: z.int().min(0).max(COST_MAX).default(0),
});

export const area = z.strictObject({
  path: z.string().refine((text) => text === '/' || isCanonicalPath(text), {
    error:
      'expected a literal path such as /api/v1 of letters, digits and . _ ~ -, without trailing slash, or / for the whole host',
  }),
  challenge: fieldValue,
  preflight: z.enum(['check', 'allow']).default('check'),
  credentials: z.array(credential).min(1).max(CREDENTIALS_MAX),
  routes: z.array(route).min(1).max(ROUTES_MAX),
});

export type AreaSection = z.output<typeof area>;
export type RouteSection = z.output<typeof route>;
export type CredentialSection = z.output<typeof credential>;
