import type { Api } from '../../domain/policy.ts';
import { JWKS_CACHE_SECONDS } from '../sessions/engine.ts';
import { toPublicAnswer } from './answer.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps } from './asked.ts';
import { GRANT_TYPES } from './oauth.ts';

const METADATA_CACHE_SECONDS = 300;
/** `none`: a refresh token alone is enough, as RFC 6749 §2.1 has it for public clients. */
const CLIENT_METHODS = ['client_secret_basic', 'client_secret_post', 'none'];

/** Where everything is that a standard client needs (RFC 8414 §3.2). */
export async function answerMetadata({ place: { api } }: Asked): Promise<Answer | Refusal> {
  const metadata = toMetadata(api);
  if (metadata === undefined) return { refuse: 'not_found' };
  const body = JSON.stringify(metadata);
  return toPublicAnswer(body, { type: 'application/json', maxAgeSeconds: METADATA_CACHE_SECONDS });
}

function toMetadata({ tokens: { sessions }, sessionEndpoints, permissions }: Api): object | undefined {
  if (sessions === undefined || sessionEndpoints === undefined) return undefined;
  const { oauth_token, oauth_revoke, jwks } = sessionEndpoints.paths;
  const at = (path: string): string => `${sessions.issuer}${path}`;
  return {
    issuer: sessions.issuer,
    ...(oauth_token !== undefined && { token_endpoint: at(oauth_token) }),
    token_endpoint_auth_methods_supported: CLIENT_METHODS,
    ...(oauth_revoke !== undefined && {
      revocation_endpoint: at(oauth_revoke),
      revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
    }),
    ...(jwks !== undefined && { jwks_uri: at(jwks) }),
    grant_types_supported: GRANT_TYPES,
    // Nobody is sent to a page to consent, so there is none.
    response_types_supported: [],
    ...(permissions.length > 0 && { scopes_supported: permissions }),
  };
}

/** The public keys of the API's access tokens (RFC 7517 §5). A new one is published for longer than this is kept before it signs. */
export async function answerJwks({ place: { api } }: Asked, { sessions }: EndpointDeps): Promise<Answer> {
  const body = JSON.stringify(await sessions.jwks(api));
  return toPublicAnswer(body, { type: 'application/jwk-set+json', maxAgeSeconds: JWKS_CACHE_SECONDS });
}
