import * as z from 'zod';
import { OPERATOR_TOKEN_PREFIX } from '../../domain/operators.ts';
import { canonicalHost } from '../../lib/canonical-host.ts';
import { area } from './areas.ts';
import { declared } from './declared.ts';
import { endpoints } from './endpoints.ts';
import { errors } from './errors.ts';
import { sessions } from './sessions.ts';
import { apiName, distinct, headerName, name } from './text.ts';
import { credits, limits, tiers } from './tiers.ts';
import { tokens } from './tokens.ts';

const AREAS_MAX = 64;
/** Counted from the right of `x-forwarded-for`. */
const HOPS_MAX = 16;

const host = z
  .string()
  .refine((text) => /^[A-Za-z0-9.:[\]-]+$/.test(text) && canonicalHost(text) === text.toLowerCase(), {
    error: 'expected a host name without port and trailing dot',
  })
  .transform((text) => text.toLowerCase());

const keys = z.strictObject({
  prefix: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_]{0,22}_$/,
      'expected a prefix such as ty_: letters, digits and _, ending in _',
    )
    .refine((prefix) => !prefix.startsWith(OPERATOR_TOKEN_PREFIX), {
      error: `expected another prefix: ${OPERATOR_TOKEN_PREFIX} begins the tokens of operators`,
    }),
  imports: z.boolean().default(false),
  key_signed_jwt: z.boolean().default(false),
});

const clientAddress = z
  .strictObject({
    from: z.enum(['peer', 'header', 'forwarded_for']).default('peer'),
    header: headerName.optional(),
    trusted_hops: z.int().min(0).max(HOPS_MAX).optional(),
  })
  .superRefine(({ from, header, trusted_hops }, context) => {
    const demand = (holds: boolean, message: string): void => {
      if (!holds) context.addIssue({ code: 'custom', message });
    };
    demand(
      (from === 'header') === (header !== undefined),
      'header is given with from: header, and only there',
    );
    demand(
      (from === 'forwarded_for') === (trusted_hops !== undefined),
      'trusted_hops is given with from: forwarded_for, and only there',
    );
  });

const waiver = z.enum(['deny', 'allow']).default('deny');

const identityValue = z.enum(['$account.id', '$key.id', '$tier', '$api']);

/** One file of `apis`, section by section. */
export const apiShape = {
  api: apiName,
  hosts: distinct(host).min(1),
  keys,
  permissions: distinct(name).default([]),
  roles: distinct(name).default([]),
  billing: z.boolean().default(false),
  default_tier: name.optional(),
  tiers: tiers.optional(),
  credits: credits.optional(),
  limits: limits.optional(),
  areas: z.array(area).min(1).max(AREAS_MAX),
  tokens: tokens.prefault({}),
  sessions: sessions.optional(),
  client_address: clientAddress.prefault({}),
  on_outage: z.strictObject({ limits: waiver, credits: waiver }).prefault({}),
  limit_headers: distinct(z.enum(['x-ratelimit', 'ietf'])).default(['x-ratelimit', 'ietf']),
  endpoints: endpoints.prefault({}),
  errors,
  upstream: z
    .strictObject({
      set: z
        .record(headerName, identityValue)
        .default({ 'x-account-id': '$account.id', 'x-key-id': '$key.id', 'x-tier': '$tier' }),
    })
    .prefault({}),
  declared: declared.prefault({}),
};

export const apiSchema = z.strictObject(apiShape);
export type ApiSections = z.output<typeof apiSchema>;
