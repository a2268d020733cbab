import type { SessionHole, SessionPart } from '../../domain/endpoint.ts';
import type { CredentialSource } from '../../domain/policy.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { TOKEN_CHARS_MAX } from '../../domain/token.ts';
import type { SessionTokens } from '../sessions/engine.ts';
import { toEmptyAnswer, toJsonAnswer } from './answer.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps } from './asked.ts';
import { judgeClient } from './client.ts';
import { readParameters } from './parameters.ts';
import { refuseClient, refuseExchange, SESSION_REFUSALS } from './refusals.ts';
import { readRequestId } from './request.ts';

/** An API key, sent as the API takes keys, becomes a session. */
export async function createSession(asked: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const sent = await readParameters(asked.message);
  if ('reason' in sent) return UNREADABLE;
  const client = await judgeClient({ by: 'header', clientId: '' }, asked, deps.inspect);
  if (typeof client === 'string') return refuseClient(client, asked, deps);
  const { api } = asked.place;
  const early = refuseExchange(client, deps);
  if (early !== undefined) return early;
  const answer = await deps.sessions.exchange(api, { keyId: client.keyId, grant: 'refreshable' });
  // The key was right a moment ago: whatever has become of it, that is no guess.
  if (answer.result === 'refused') return { refuse: SESSION_REFUSALS[answer.reason] };
  return toAnswer(answer.tokens, api.sessionEndpoints?.createBody ?? [], deps);
}

/** A refresh token becomes the next pair. */
export async function refreshSession(asked: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const sent = await readParameters(asked.message);
  if ('reason' in sent) return UNREADABLE;
  const refreshToken = sent.get('refresh_token');
  if (refreshToken === undefined) return { refuse: 'credential_missing' };
  const { api, clientAddress } = asked.place;
  const requestId = readRequestId(asked.request);
  const answer = await deps.sessions.refresh(api, { refreshToken, clientAddress, requestId });
  if (answer.result === 'refused') return refuseClient(SESSION_REFUSALS[answer.reason], asked, deps);
  return toAnswer(answer.tokens, api.sessionEndpoints?.refreshBody ?? [], deps);
}

/** The session of a token ends. Whether there was one is not told. */
export async function endSession(asked: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const sent = await readParameters(asked.message);
  if ('reason' in sent) return UNREADABLE;
  const token = sent.get('refresh_token') ?? readAccessToken(asked);
  if (token === undefined) return { refuse: 'credential_missing' };
  if (token.length <= TOKEN_CHARS_MAX) await deps.sessions.logout(asked.place.api, token);
  const body = asked.place.api.sessionEndpoints?.logoutBody ?? '';
  return body === '' ? toEmptyAnswer() : toJsonAnswer(body);
}

const UNREADABLE: Refusal = { refuse: 'request_ambiguous' };

/** An answer in the API's own words. */
function toAnswer(tokens: SessionTokens, body: readonly SessionPart[], { clock }: EndpointDeps): Answer {
  return toJsonAnswer(renderSession(body, tokens, clock.now().wallMs));
}

function renderSession(body: readonly SessionPart[], tokens: SessionTokens, wallMs: number): string {
  const { refreshToken, sessionExpiresAtMs } = tokens;
  const leftSeconds = Math.max(0, Math.floor((sessionExpiresAtMs - wallMs) / SECOND_MS));
  const values: Readonly<Record<SessionHole, string | number | null>> = {
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresInSeconds,
    refresh_token: refreshToken ?? null,
    refresh_expires_in: refreshToken === undefined ? null : leftSeconds,
    scope: tokens.scope,
    'session.id': tokens.sessionId,
  };
  return body.map((part) => (typeof part === 'string' ? part : JSON.stringify(values[part.hole]))).join('');
}

/** The one token in a header in which the area takes tokens; a key in the same header is none of ours, and ends nothing. */
function readAccessToken({ place, request }: Asked): string | undefined {
  const tokens = place.area.credentials
    .filter(({ kind }) => kind === 'jwt')
    .flatMap((source) =>
      request.headers
        .filter(([name]) => name === source.header)
        .flatMap(([, value]) => afterScheme(source, value)),
    );
  return tokens.length === 1 ? tokens[0] : undefined;
}

function afterScheme({ scheme }: CredentialSource, value: string): readonly string[] {
  const text = value.trim();
  if (scheme === '') return text === '' ? [] : [text];
  if (text.slice(0, scheme.length).toLowerCase() !== scheme || text[scheme.length] !== ' ') return [];
  return [text.slice(scheme.length).trim()];
}
