import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

/*
 * A program of somebody else's: `openid-client` as its documentation has it, and `jose` where a resource server would verify.
 * It knows an issuer, a client and its secret, and a refresh token; it prints what came of them as JSON.
 */

const [issuer = '', id = '', secret = '', refreshToken = ''] = process.argv.slice(2);

const ways = {
  client_secret_basic: client.ClientSecretBasic(secret),
  client_secret_post: client.ClientSecretPost(secret),
};

async function discover(way: client.ClientAuth): Promise<client.Configuration> {
  return client.discovery(new URL(issuer), id, undefined, way, { algorithm: 'oauth2' });
}

async function call(accessToken: string): Promise<number> {
  const { status } = await fetch(new URL('/v1/models', issuer), {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return status;
}

async function refuse(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'granted';
  } catch (error) {
    if (error instanceof client.ResponseBodyError) return `${error.status} ${error.error}`;
    if (!(error instanceof client.WWWAuthenticateChallengeError)) return String(error);
    return `${error.status} ${error.cause.map(({ scheme }) => scheme).join()}`;
  }
}

const granted: Record<string, number> = {};
for (const [name, way] of Object.entries(ways)) {
  const { access_token } = await client.clientCredentialsGrant(await discover(way));
  granted[name] = await call(access_token);
}

const config = await discover(ways.client_secret_basic);
const { jwks_uri = '' } = config.serverMetadata();
const first = await client.clientCredentialsGrant(config);
const verified = await jwtVerify(first.access_token, createRemoteJWKSet(new URL(jwks_uri)), {
  issuer,
  audience: issuer,
  typ: 'at+jwt',
});

const refreshed = await client.refreshTokenGrant(config, refreshToken);
const open = await call(refreshed.access_token);
await client.tokenRevocation(config, refreshed.refresh_token ?? '', { token_type_hint: 'refresh_token' });
const wrong = client.ClientSecretPost('wrong');

console.log(
  JSON.stringify({
    granted,
    verified: verified.payload.sub,
    open,
    closed: await call(refreshed.access_token),
    revokedRefresh: await refuse(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')),
    wrongSecret: await refuse(client.clientCredentialsGrant(await discover(wrong))),
    unknownScope: await refuse(client.clientCredentialsGrant(config, { scope: 'everything' })),
  }),
);
