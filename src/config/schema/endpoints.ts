import * as z from 'zod';
import { isCanonicalPath } from './areas.ts';
import { json } from './errors.ts';

const endpoint = z.strictObject({
  path: z.string().refine(isCanonicalPath, {
    error: 'expected a whole literal path such as /api/v1/me of letters, digits and . _ ~ -',
  }),
  body: json,
});

/** What Tollgate answers itself below the API's paths. */
export const endpoints = z.strictObject({ me: endpoint.optional() });
export type EndpointsSection = z.output<typeof endpoints>;
