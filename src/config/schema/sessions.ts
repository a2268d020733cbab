import * as z from 'zod';
import { durationBetween, name } from './text.ts';
import { identifier, leeway } from './tokens.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 86_400_000;

/** RFC 8414 §2: https, and neither query nor fragment; without a path the metadata lie where every client looks first. */
function isHttpsOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.origin === text;
}

/** What an API's keys are exchanged for. */
export const sessions = z.strictObject({
  issuer: z.string().refine(isHttpsOrigin, {
    error: 'expected an origin such as https://api.example.com, without a path and a slash at its end',
  }),
  audience: identifier.optional(),
  algorithm: z.enum(['EdDSA', 'ES256']).default('EdDSA'),
  access_lifetime: durationBetween(MINUTE_MS, 60 * MINUTE_MS).prefault('10m'),
  lifetime: durationBetween(MINUTE_MS, 366 * DAY_MS).prefault('30d'),
  idle: durationBetween(MINUTE_MS, 366 * DAY_MS).prefault('7d'),
  leeway,
  tier: name.optional(),
});

export type SessionsSection = z.output<typeof sessions>;
