import * as z from 'zod';
import { isCanonicalPath } from '../patterns.ts';
import { json } from './errors.ts';

const path = z.string().refine(isCanonicalPath, {
  error: 'expected a whole literal path such as /api/v1/me of letters, digits and . _ ~ -',
});

/** RFC 8414 §3: clients find the rest from here. */
const METADATA_PATH = '/.well-known/oauth-authorization-server';

const endpoint = z.strictObject({ path, body: json });

/** What Tollgate answers itself below the API's hosts. */
export const endpoints = z.strictObject({
  me: endpoint.optional(),
  session_create: endpoint.optional(),
  session_refresh: endpoint.optional(),
  session_logout: z.strictObject({ path, body: json.optional() }).optional(),
  oauth_token: z.strictObject({ path: path.default('/oauth/token') }).optional(),
  oauth_revoke: z.strictObject({ path: path.default('/oauth/revoke') }).optional(),
  oauth_metadata: z
    .strictObject({
      path: z
        .literal(METADATA_PATH, 'expected no other path: clients look in one place')
        .default(METADATA_PATH),
    })
    .optional(),
  jwks: z.strictObject({ path: path.default('/.well-known/jwks.json') }).optional(),
});
export type EndpointsSection = z.output<typeof endpoints>;
