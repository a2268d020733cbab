import type { SessionSelection, SigningKeyRotation } from '../../domain/operations.ts';
import { defined } from './defined.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import * as schema from './schemas.ts';

/** Sessions, and the keys that sign their tokens. */
export const SESSION_ROUTES: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/apis/{api}/sessions',
    name: 'listSessions',
    summary: 'List sessions that have not ended, in the order in which they were made; never a token.',
    role: 'read',
    params: schema.apiPath,
    query: schema.sessionQuery,
    status: 200,
    answer: 'SessionPage',
    run: async (operations, { params: { api }, query }) => ({
      value: await operations.listSessions(defined({ api, ...query })),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/apis/{api}/sessions/{session}',
    name: 'showSession',
    summary: 'Show a session, for a day after its end too: its key, its times, why it ended.',
    role: 'read',
    params: schema.sessionPath,
    query: schema.nothing,
    status: 200,
    answer: 'Session',
    run: async (operations, { params: { api, session: id } }) => ({
      value: await operations.showSession({ api, id }),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/apis/{api}/session-revocations',
    name: 'revokeSessions',
    summary: 'End a session, all of a key, or all of an account, for good. Name exactly one; its key stays.',
    role: 'write',
    params: schema.apiPath,
    query: schema.nothing,
    body: schema.sessionSelection,
    status: 200,
    answer: 'SessionsRevoked',
    run: async (operations, { params: { api }, body }) => ({
      value: await operations.revokeSessions(defined<SessionSelection>({ api, ...body })),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/apis/{api}/signing-keys',
    name: 'listSigningKeys',
    summary: 'List the keys that sign access tokens, will sign, or have signed some that may be about.',
    role: 'read',
    params: schema.apiPath,
    query: schema.nothing,
    status: 200,
    answer: 'SigningKeyPage',
    run: async (operations, { params: { api } }) => ({
      value: { items: await operations.listSigningKeys(api), next: null },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/apis/{api}/signing-keys',
    name: 'rotateSigningKey',
    summary:
      'Make a signing key: published, it signs once whoever keeps the key set has had time to fetch it; at once, it takes the place of all others, and every access token ends.',
    role: 'write',
    params: schema.apiPath,
    query: schema.nothing,
    body: schema.signingKeyRotation,
    status: 201,
    answer: 'SigningKey',
    run: async (operations, { params: { api }, body }) => ({
      value: await operations.rotateSigningKey(defined<SigningKeyRotation>({ api, ...body })),
    }),
  }),
];
