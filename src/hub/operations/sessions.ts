import { OperationRefused, PAGE_MAX, SIGNING_KEY_STARTS } from '../../domain/operations.ts';
import type {
  Operations,
  SessionQuery,
  SessionRef,
  SessionSelection,
  SessionView,
  SigningKeyRotation,
  SigningKeyView,
} from '../../domain/operations.ts';
import { servedUntilMs, servedKeys, stateOf } from '../sessions/signing-plan.ts';
import type { SessionsEnding, StoredSession, StoredSigningKey } from '../store/sessions.ts';
import { accountNotFound } from './accounts.ts';
import { ask, authorOf, findApi, readNowMs } from './context.ts';
import type { OperationsDeps } from './context.ts';
import { invalid, readWhole, unknownWord } from './fields.ts';
import { toInstant, toSeconds } from './views.ts';

export type SessionOperations = Pick<
  Operations,
  'listSessions' | 'showSession' | 'revokeSessions' | 'listSigningKeys' | 'rotateSigningKey'
>;

export function createSessionOperations(deps: OperationsDeps): SessionOperations {
  return {
    listSessions: (query) => listSessions(deps, query),
    showSession: (ref) => showSession(deps, ref),
    revokeSessions: (selection) => revokeSessions(deps, selection),
    listSigningKeys: (api) => listSigningKeys(deps, api),
    rotateSigningKey: (rotation) => rotateSigningKey(deps, rotation),
  };
}

async function listSessions(
  deps: OperationsDeps,
  query: SessionQuery,
): ReturnType<Operations['listSessions']> {
  const { api, account, limit = PAGE_MAX } = query;
  findApi(deps, api);
  const asked = { ...query, limit: readWhole(limit, { what: 'limit', min: 1, max: PAGE_MAX }) };
  if (account !== undefined) await requireAccount(deps, { api, id: account });
  const page = await ask(deps.reads.listSessions(asked));
  if (page === undefined) throw invalid('after: the "next" of the page before');
  const nowMs = readNowMs(deps);
  return { items: page.sessions.map((session) => toSessionView(session, nowMs)), next: page.next };
}

async function showSession(deps: OperationsDeps, ref: SessionRef): Promise<SessionView> {
  findApi(deps, ref.api);
  const session = await ask(deps.reads.findSession(ref));
  if (session === undefined) throw sessionNotFound(ref.api);
  return toSessionView(session, readNowMs(deps));
}

async function revokeSessions(
  deps: OperationsDeps,
  selection: SessionSelection,
): ReturnType<Operations['revokeSessions']> {
  const { name: api } = findApi(deps, selection.api);
  const of = readSelection(selection);
  if ('account' in of) await requireAccount(deps, { api, id: of.account });
  else await requireKnown(deps, api, of);
  const atMs = readNowMs(deps);
  const by = authorOf(deps, 'session.revoke', atMs);
  const { ended, seq } = await ask(deps.writes.endSessions({ api, of, why: 'revoked', atMs }, by));
  return { ended, unconfirmed: await deps.confirm(seq) };
}

function readSelection({ session, key, account }: SessionSelection): SessionsEnding['of'] {
  const chosen = [
    ...(session === undefined ? [] : [{ session }]),
    ...(key === undefined ? [] : [{ key }]),
    ...(account === undefined ? [] : [{ account }]),
  ];
  const [of] = chosen;
  if (of !== undefined && chosen.length === 1) return of;
  throw invalid('name exactly one: a session, a key or an account');
}

async function requireKnown(
  { reads }: OperationsDeps,
  api: string,
  of: { readonly session: string } | { readonly key: string },
): Promise<void> {
  if ('session' in of) {
    if ((await ask(reads.findSession({ api, id: of.session }))) === undefined) throw sessionNotFound(api);
  } else if ((await ask(reads.findKey({ api, id: of.key }))) === undefined) {
    throw new OperationRefused('not_found', `${api} has no key of this id`);
  }
}

async function requireAccount({ reads }: OperationsDeps, account: SessionRef): Promise<void> {
  if ((await ask(reads.findAccount(account))) === undefined) throw accountNotFound(account);
}

/** Does not repeat what was asked for: it may be a token, pasted in the place of an id. */
function sessionNotFound(api: string): OperationRefused {
  return new OperationRefused(
    'not_found',
    `${api} has no session of this id: ids are "ses_" and 24 hexadecimal digits`,
  );
}

async function listSigningKeys(deps: OperationsDeps, name: string): Promise<readonly SigningKeyView[]> {
  const api = findApi(deps, name);
  const nowMs = readNowMs(deps);
  const keys = await ask(deps.reads.listSigningKeys(api.name));
  return servedKeys(keys, nowMs).map((key) => toSigningKeyView(key, keys, nowMs));
}

async function rotateSigningKey(
  deps: OperationsDeps,
  { api: name, start = 'published' }: SigningKeyRotation,
): Promise<SigningKeyView> {
  const api = findApi(deps, name);
  if (!SIGNING_KEY_STARTS.includes(start)) throw unknownWord('start', start, SIGNING_KEY_STARTS);
  const { sessions: rules } = api.tokens;
  if (rules === undefined) throw invalid(`${api.name} has no sessions: its file has no section "sessions"`);
  const atMs = readNowMs(deps);
  const by = authorOf(deps, 'signing_key.create', atMs);
  const rotated = await ask(deps.signing.rotate(api, rules, { start, by }));
  if (rotated.result === 'too_many') throw conflict(`${api.name} has as many signing keys as it may have`);
  const { kid, signsFromMs } = rotated.key;
  if (rotated.result === 'pending')
    throw conflict(`${kid} is published and signs from ${toSeconds(signsFromMs)} on`);
  return toSigningKeyView(rotated.key, await ask(deps.reads.listSigningKeys(api.name)), atMs);
}

function conflict(message: string): OperationRefused {
  return new OperationRefused('conflict', message);
}

function toSessionView(session: StoredSession, nowMs: number): SessionView {
  const { id, api, account, key, endedMs, endedWhy } = session;
  return {
    id,
    api,
    account,
    key,
    status: statusOf(session, nowMs),
    created_at: toSeconds(session.createdMs),
    refreshed_at: toSeconds(session.refreshedMs),
    idle_until: toSeconds(session.diesMs),
    expires_at: toSeconds(session.expiresMs),
    ended_at: toInstant(endedMs),
    ended_why: endedWhy,
  };
}

function statusOf({ endedWhy, diesMs }: StoredSession, nowMs: number): SessionView['status'] {
  if (endedWhy !== null) return endedWhy === 'expired' ? 'expired' : 'ended';
  return diesMs <= nowMs ? 'expired' : 'active';
}

function toSigningKeyView(
  key: StoredSigningKey,
  keys: readonly StoredSigningKey[],
  nowMs: number,
): SigningKeyView {
  const { kid, api, algorithm } = key;
  const index = keys.findIndex((other) => other.kid === kid);
  return {
    kid,
    api,
    algorithm,
    state: stateOf(keys, index, nowMs),
    published_at: toSeconds(key.publishedMs),
    signs_from: toSeconds(key.signsFromMs),
    published_until: toInstant(servedUntilMs(keys, index) ?? null),
  };
}
