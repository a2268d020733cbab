import type { Api } from '../../domain/policy.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { SessionRules } from '../../domain/token.ts';
import type { PepperRing } from '../../lib/key-digest.ts';
import type { Clock } from '../../ports.ts';
import type { GrantedSession, StoredSession, StoredSigningKey, TokenDigest } from '../store/sessions.ts';
import type { StoreWrites } from '../store/store.ts';
import { readSessionId, signAccessToken, toScope } from './access-token.ts';
import { createInFlight } from './in-flight.ts';
import { createRefreshTokens } from './refresh-token.ts';
import type { IssuedToken, KnownToken, RefreshTokens } from './refresh-token.ts';
import type {
  ExchangeWanted,
  LoggedOut,
  PublicJwk,
  RefreshWanted,
  SessionAnswer,
  SessionEngine,
  SessionRefusal,
  SessionTokens,
} from './engine.ts';
import type { SigningKeys } from './signing-keys.ts';
import { servedKeys } from './signing-plan.ts';

export interface SessionEngineDeps {
  readonly writes: Pick<StoreWrites, 'insertSession' | 'rotateSession' | 'endSessions'>;
  readonly signing: SigningKeys;
  readonly peppers: PepperRing;
  readonly clock: Clock;
  /** A CSPRNG. */
  readonly random: (byteCount: number) => Uint8Array;
  /** Told of a refresh token that was shown again after its time; its session has ended. */
  readonly onReused: (session: StoredSession) => void;
}

/** Refreshes that one process does at a time; each is a few milliseconds of the store. */
const REFRESHES_MAX = 10_000;
/** 96 bits, as a key's id has. */
const ID_BYTES = 12;
const SECRET_BYTES = 32;

export function createSessionEngine(deps: SessionEngineDeps): SessionEngine {
  const parts: Parts = { deps, tokens: createRefreshTokens(deps.peppers), signing: deps.signing };
  const inFlight = createInFlight<SessionAnswer>(REFRESHES_MAX);
  return {
    async exchange(api, wanted) {
      const { sessions: rules } = api.tokens;
      return rules === undefined ? refused('no_sessions') : exchange(parts, { api, rules }, wanted);
    },
    async refresh(api, wanted) {
      const { sessions: rules } = api.tokens;
      if (rules === undefined) return refused('no_sessions');
      const token = parts.tokens.read(api, wanted.refreshToken);
      if (token === undefined) return refused('token_unknown');
      const { keyId = '', clientAddress = '', refreshToken } = wanted;
      const name = [api.name, keyId, clientAddress, refreshToken].join('\0');
      return inFlight(name, () => refresh(parts, { api, rules }, { ...wanted, token }));
    },
    async logout(api, token) {
      const { sessions: rules } = api.tokens;
      return rules === undefined ? { result: 'unknown' } : logout(parts, { api, rules }, token);
    },
    async findSessionId(api, token) {
      const { sessions: rules } = api.tokens;
      return rules === undefined ? undefined : findSessionId(parts, { api, rules }, token);
    },
    async jwks(api) {
      const { sessions: rules } = api.tokens;
      if (rules === undefined) return { keys: [] };
      const nowMs = readNowMs(parts);
      const keys = await parts.signing.list(api, rules, nowMs);
      return { keys: servedKeys(keys, nowMs).map(toPublicJwk) };
    },
  };
}

interface Parts {
  readonly deps: SessionEngineDeps;
  readonly tokens: RefreshTokens;
  readonly signing: SigningKeys;
}

/** An API that has sessions. */
interface Place {
  readonly api: Api;
  readonly rules: SessionRules;
}

async function exchange(parts: Parts, { api, rules }: Place, wanted: ExchangeWanted): Promise<SessionAnswer> {
  const { deps, tokens, signing } = parts;
  const atMs = readNowMs(parts);
  // Before anything is written: where nothing can be signed, nothing begins.
  await signing.signerAt(api, rules, atMs);
  const id = `ses_${Buffer.from(deps.random(ID_BYTES)).toString('hex')}`;
  const refreshable = wanted.grant === 'refreshable';
  const refresh = refreshable ? tokens.issue(api, id, deps.random(SECRET_BYTES)) : null;
  const expiresMs = atMs + (refreshable ? rules.lifetimeMs : rules.accessLifetimeMs);
  const diesMs = refreshable ? Math.min(expiresMs, atMs + rules.idleMs) : expiresMs;
  const session = {
    api: api.name,
    id,
    key: wanted.keyId,
    atMs,
    expiresMs,
    diesMs,
    refresh: toStored(refresh),
  };
  const inserted = await deps.writes.insertSession(session);
  if (inserted.result !== 'inserted') return refused(inserted.result);
  return grant(parts, { api, rules }, { of: inserted, refreshToken: refresh?.text });
}

interface Refreshing extends RefreshWanted {
  readonly token: KnownToken;
}

async function refresh(parts: Parts, { api, rules }: Place, wanted: Refreshing): Promise<SessionAnswer> {
  const { deps } = parts;
  const { keyId, clientAddress, requestId = '', token } = wanted;
  const { sessionId: id, generation, digests: presented, successors } = token;
  const atMs = readNowMs(parts);
  const by = { actor: 'nobody', source: 'sessions', requestId, action: 'session.reuse', atMs } as const;
  const rotated = await deps.writes.rotateSession(
    {
      api: api.name,
      id,
      generation,
      presented,
      successors: successors.map(toDigest),
      ...(keyId === undefined ? {} : { key: keyId }),
      ...(clientAddress === undefined ? {} : { clientAddress }),
      atMs,
      idleMs: rules.idleMs,
    },
    by,
  );
  if (rotated.result === 'unknown') return refused('token_unknown');
  if (rotated.result === 'elsewhere') return refused('address_not_allowed');
  if (rotated.result === 'ended') return refused('session_ended');
  if (rotated.result === 'reused') {
    deps.onReused(rotated.session);
    return refused('token_reused');
  }
  return grant(parts, { api, rules }, { of: rotated, refreshToken: successors[rotated.successor]?.text });
}

async function logout(parts: Parts, place: Place, token: string): Promise<LoggedOut> {
  const session = await findSessionId(parts, place, token);
  if (session === undefined) return { result: 'unknown' };
  const { name: api } = place.api;
  const atMs = readNowMs(parts);
  const { ended } = await parts.deps.writes.endSessions({ api, of: { session }, why: 'logout', atMs });
  return { result: ended > 0 ? 'ended' : 'unknown' };
}

async function findSessionId(
  { deps, tokens, signing }: Parts,
  { api, rules }: Place,
  token: string,
): Promise<string | undefined> {
  const known = tokens.read(api, token);
  if (known !== undefined) return known.sessionId;
  return readSessionId(token, rules, await signing.list(api, rules, readNowMs({ deps })));
}

interface Grant {
  readonly of: GrantedSession;
  readonly refreshToken: string | undefined;
}

async function grant(
  parts: Parts,
  { api, rules }: Place,
  { of, refreshToken }: Grant,
): Promise<SessionAnswer> {
  const { session, permissions } = of;
  const signer = await parts.signing.signerAt(api, rules, session.refreshedMs);
  const { text: accessToken, expiresAt } = await signAccessToken(of, rules, signer);
  const tokens: SessionTokens = {
    sessionId: session.id,
    keyId: session.key,
    account: session.account,
    accessToken,
    expiresInSeconds: Math.max(0, expiresAt - Math.floor(readNowMs(parts) / SECOND_MS)),
    scope: toScope(permissions),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    sessionExpiresAtMs: session.expiresMs,
  };
  return { result: 'granted', tokens };
}

function refused(reason: SessionRefusal): SessionAnswer {
  return { result: 'refused', reason };
}

/** The text of a token goes to its owner alone. */
function toDigest({ digest, pepperId }: IssuedToken): TokenDigest {
  return { digest, pepperId };
}

function toStored(token: IssuedToken | null): TokenDigest | null {
  return token === null ? null : toDigest(token);
}

/** Wall time in whole milliseconds, as the store keeps it. */
function readNowMs({ deps }: Pick<Parts, 'deps'>): number {
  return Math.floor(deps.clock.now().wallMs);
}

/** Named one by one, whatever the store holds. */
function toPublicJwk({ jwk, kid, algorithm }: StoredSigningKey): PublicJwk {
  const { kty, crv, x, y } = JSON.parse(jwk) as Pick<PublicJwk, 'kty' | 'crv' | 'x' | 'y'>;
  return { kty, crv, x, ...(y === undefined ? {} : { y }), kid, alg: algorithm, use: 'sig' };
}
