import { OperationRefused } from '../../domain/operations.ts';
import type { SessionView } from '../../domain/operations.ts';
import { TOKEN_CHARS_MAX } from '../../domain/token.ts';
import type { SessionTokens } from '../sessions/engine.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps } from './asked.ts';
import { judgeClient, readClient } from './client.ts';
import type { ShownClient } from './client.ts';
import { OAUTH_HEADERS, toOAuthAnswer } from './oauth-error.ts';
import type { OAuthErrorCode } from './oauth-error.ts';
import { readParameters } from './parameters.ts';
import type { Parameters } from './parameters.ts';
import { refuseClient, refuseExchange, refuseGuess, SESSION_REFUSALS } from './refusals.ts';
import { readRequestId } from './request.ts';

/** RFC 6749 §3.2: client credentials (§4.4) and refresh (§6). */
export async function answerTokenRequest(asked: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const told = await readAsked(asked, deps);
  if ('answer' in told) return told.answer;
  const { sent, client } = told;
  const type = sent.get('grant_type');
  if (type === undefined) return fail(asked, 'invalid_request', 'grant_type is missing');
  const grant = GRANTS.get(type);
  if (grant === undefined)
    return fail(asked, 'unsupported_grant_type', `expected ${GRANT_TYPES.join(' or ')}`);
  if (!isKnownScope(sent.get('scope') ?? '', asked))
    return fail(asked, 'invalid_scope', 'a scope is unknown');
  return grant({ sent, client, asked, deps });
}

/**
 * RFC 7009: what is no token of ours is answered as one that has ended (§2.2). A hint is not needed. A client that says who it is ends
 * none but its own (§2.1), and one that has shown its key all of its account, since keys are rotated; of one that does not say it the
 * token is all that is asked, as where it is refreshed.
 */
export async function answerRevocation(asked: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const told = await readAsked(asked, deps);
  if ('answer' in told) return told.answer;
  const token = told.sent.get('token');
  if (token === undefined) return fail(asked, 'invalid_request', 'token is missing');
  if (token.length > TOKEN_CHARS_MAX) return REVOKED;
  const { client } = told;
  const granted = client.keyId === '' ? undefined : await findGranted(token, asked, deps);
  if (granted !== undefined && !isOwn(granted, client))
    return fail(asked, 'invalid_grant', 'the token was issued to another client');
  await deps.sessions.logout(asked.place.api, token);
  return REVOKED;
}

const REVOKED: Answer = { status: 200, clientHeaders: OAUTH_HEADERS, body: '{}' };

function isOwn({ key, account }: SessionView, client: TrustedClient): boolean {
  return key === client.keyId || (client.isProven && account === client.account);
}

/** A token's session; undefined where there is none any more. */
async function findGranted(
  token: string,
  { place }: Asked,
  { sessions, operations }: EndpointDeps,
): Promise<SessionView | undefined> {
  const id = await sessions.findSessionId(place.api, token);
  return id === undefined
    ? undefined
    : operations.showSession({ api: place.api.name, id }).catch(toForgotten);
}

function toForgotten(error: unknown): undefined {
  if (error instanceof OperationRefused && error.fault === 'not_found') return undefined;
  throw error;
}

interface Granting {
  readonly sent: Parameters;
  readonly client: TrustedClient;
  readonly asked: Asked;
  readonly deps: EndpointDeps;
}

/** `isProven`: it has shown its key; otherwise it says who it is, or '' where it does not. */
interface TrustedClient {
  readonly keyId: string;
  /** '' unless it has shown its key. */
  readonly account: string;
  readonly isProven: boolean;
}

type Told =
  { readonly sent: Parameters; readonly client: TrustedClient } | { readonly answer: Answer | Refusal };

/** The parameters and the client of a request. A client that shows a key shows the right one, whatever it asks for. */
async function readAsked(asked: Asked, deps: EndpointDeps): Promise<Told> {
  const sent = await readParameters(asked.message);
  if ('reason' in sent) return { answer: fail(asked, 'invalid_request', sent.reason) };
  const shown = readClient(asked.request, asked.place.area, sent);
  switch (shown.by) {
    case 'several':
      return { answer: fail(asked, 'invalid_request', 'a client shows its key in one way') };
    case 'nothing':
      return { sent, client: { keyId: '', account: '', isProven: false } };
    case 'name':
      return { sent, client: { keyId: shown.clientId, account: '', isProven: false } };
    default:
      return judge(shown, { sent, asked, deps });
  }
}

async function judge(
  shown: ShownClient & { readonly by: 'secret' | 'header' },
  { sent, asked, deps }: Omit<Granting, 'client'>,
): Promise<Told> {
  const client = await judgeClient(shown, asked, deps.inspect);
  if (typeof client !== 'string') return { sent, client: { ...client, isProven: true } };
  return { answer: refuseClient(client, asked, deps) };
}

/** The key is the grant. No refresh token (RFC 6749 §4.4.3): whoever has the key asks again. */
async function grantToClient({ client, asked, deps }: Granting): Promise<Answer | Refusal> {
  if (!client.isProven) return { refuse: 'credential_missing' };
  const early = refuseExchange(client, deps);
  if (early !== undefined) return early;
  const { api } = asked.place;
  const answer = await deps.sessions.exchange(api, { keyId: client.keyId, grant: 'access_only' });
  if (answer.result === 'granted') return toTokenAnswer(answer.tokens);
  // The key was right a moment ago: whatever has become of it, that is no guess.
  return { refuse: SESSION_REFUSALS[answer.reason] };
}

/** Of a client that names itself only its own tokens are taken (RFC 6749 §6). */
async function grantToToken({ sent, client, asked, deps }: Granting): Promise<Answer | Refusal> {
  const refreshToken = sent.get('refresh_token');
  if (refreshToken === undefined) return fail(asked, 'invalid_request', 'refresh_token is missing');
  const { keyId } = client;
  const requestId = readRequestId(asked.request);
  const { api, clientAddress } = asked.place;
  const wanted = { refreshToken, clientAddress, requestId, ...(keyId !== '' && { keyId }) };
  const answer = await deps.sessions.refresh(api, wanted);
  if (answer.result === 'granted') return toTokenAnswer(answer.tokens);
  if (answer.reason === 'sessions_full') return { refuse: 'unavailable' };
  if (answer.reason === 'address_not_allowed') return { refuse: 'address_not_allowed' };
  const wrong = fail(asked, 'invalid_grant', 'the refresh token is unknown, used or over');
  return refuseGuess(wrong, asked, deps);
}

const GRANTS = new Map([
  ['client_credentials', grantToClient],
  ['refresh_token', grantToToken],
]);
export const GRANT_TYPES: readonly string[] = [...GRANTS.keys()];

/** A session has all that its key has, and the answer says so (RFC 6749 §3.3): asking for less is no mistake, for what nobody has is one. */
function isKnownScope(scope: string, { place }: Asked): boolean {
  const wanted = scope.split(' ').filter((name) => name !== '');
  return wanted.every((name) => place.api.permissions.includes(name));
}

/** RFC 6749 §5.1. */
function toTokenAnswer({ accessToken, expiresInSeconds, refreshToken, scope }: SessionTokens): Answer {
  const body = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(scope !== '' && { scope }),
  };
  return { status: 200, clientHeaders: OAUTH_HEADERS, body: JSON.stringify(body) };
}

function fail({ place }: Asked, error: OAuthErrorCode, description: string): Answer {
  return toOAuthAnswer({ error, description }, place.api.name);
}
