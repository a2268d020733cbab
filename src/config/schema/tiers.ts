import * as z from 'zod';
import { distinct, limit, name } from './text.ts';

/** In one scope of one tier: each costs every check a counter. */
const LIMITS_MAX = 8;
const CREDITS_MAX = 1_000_000_000_000;

const limitList = z
  .array(limit)
  .max(LIMITS_MAX)
  .superRefine((limits, context) => {
    for (const [index, { windowMs }] of limits.entries()) {
      if (limits.findIndex((other) => other.windowMs === windowMs) === index) continue;
      context.addIssue({ code: 'custom', path: [index], message: 'this window has a limit already' });
    }
  })
  .prefault([]);

export const limits = z.strictObject({ key: limitList, account: limitList, session: limitList });
export const credits = z.strictObject({ monthly: z.int().min(0).max(CREDITS_MAX).default(0) });

const tier = z.strictObject({
  credits: credits.prefault({}),
  limits: limits.prefault({}),
  features: distinct(name).default([]),
});

/** Lowest first: the order of the file is the order of rank. */
export const tiers = z.record(name, tier);

export type TierSection = z.output<typeof tier>;
