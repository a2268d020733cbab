import type { CreatedKey, KeyChange, NewAccount, NewKey } from '../../domain/operations.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { defined } from './defined.ts';
import { fillPath, route } from './route.ts';
import type { Done, Route } from './route.ts';
import * as schema from './schemas.ts';
import { SESSION_ROUTES } from './session-routes.ts';

const ACCOUNT = '/v1/apis/{api}/accounts/{account}';
const KEY = '/v1/apis/{api}/keys/{key}';

const ACCOUNT_ROUTES: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/apis/{api}/accounts',
    name: 'createAccount',
    summary: 'Create an account.',
    role: 'write',
    params: schema.apiPath,
    query: schema.nothing,
    body: schema.newAccount,
    status: 201,
    answer: 'Account',
    async run(operations, { params: { api }, body: { trial_ends: trialEnds, ...rest } }) {
      const value = await operations.createAccount(defined<NewAccount>({ api, trialEnds, ...rest }));
      return { value, location: fillPath(ACCOUNT, { api, account: value.id }) };
    },
  }),
  route({
    method: 'get',
    path: ACCOUNT,
    name: 'showAccount',
    summary: 'Show an account: tier, standing, billing, credits.',
    role: 'read',
    params: schema.accountPath,
    query: schema.nothing,
    status: 200,
    answer: 'Account',
    run: async (operations, { params: { api, account: id } }) => ({
      value: await operations.showAccount({ api, id }),
    }),
  }),
  route({
    method: 'patch',
    path: ACCOUNT,
    name: 'setAccount',
    summary: "Change an account's tier and billing; absent members stay as they are.",
    role: 'write',
    params: schema.accountPath,
    query: schema.nothing,
    body: schema.accountChange,
    status: 200,
    answer: 'Account',
    run: async (operations, { params: { api, account: id }, body: { trial_ends: trialEnds, ...rest } }) => ({
      value: await operations.setAccount({ api, id }, defined({ trialEnds, ...rest })),
    }),
  }),
  route({
    method: 'put',
    path: `${ACCOUNT}/standing`,
    name: 'setStanding',
    summary: 'Suspend, disable or resume an account: its keys stay, and work while the standing is ok.',
    role: 'write',
    params: schema.accountPath,
    query: schema.nothing,
    body: schema.standingChange,
    status: 200,
    answer: 'Account',
    run: async (operations, { params: { api, account: id }, body }) => ({
      value: await operations.setAccount({ api, id }, body),
    }),
  }),
  route({
    method: 'post',
    path: `${ACCOUNT}/grants`,
    name: 'grantCredits',
    summary: 'Add purchased credits. A ref counts once, ever: asked again, nothing is added.',
    role: 'write',
    params: schema.accountPath,
    query: schema.nothing,
    body: schema.creditGrant,
    status: 200,
    answer: 'Account',
    run: async (operations, { params: { api, account: id }, body }) => ({
      value: await operations.grantCredits({ api, id }, defined(body)),
    }),
  }),
];

const KEY_ROUTES: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/apis/{api}/keys',
    name: 'createKey',
    summary: 'Create a key. This answer alone holds the key itself.',
    role: 'write',
    params: schema.apiPath,
    query: schema.nothing,
    body: schema.newKey,
    status: 201,
    answer: 'CreatedKey',
    async run(
      operations,
      { params: { api }, body: { allow_ips: allowIps, expires_at: expiresAt, ...rest } },
    ) {
      return created(await operations.createKey(defined<NewKey>({ api, allowIps, expiresAt, ...rest })));
    },
  }),
  route({
    method: 'get',
    path: '/v1/apis/{api}/keys',
    name: 'listKeys',
    summary: 'List keys in the order in which they were made, never a key itself.',
    role: 'read',
    params: schema.apiPath,
    query: schema.keyQuery,
    status: 200,
    answer: 'KeyPage',
    run: async (operations, { params: { api }, query }) => ({
      value: await operations.listKeys(defined({ api, ...query })),
    }),
  }),
  route({
    method: 'get',
    path: KEY,
    name: 'showKey',
    summary: "Show a key's rights, status and last use, of which the store hears every 15 seconds.",
    role: 'read',
    params: schema.keyPath,
    query: schema.nothing,
    status: 200,
    answer: 'Key',
    run: async (operations, { params: { api, key: id } }) => ({
      value: await operations.showKey({ api, id }),
    }),
  }),
  route({
    method: 'patch',
    path: KEY,
    name: 'setKey',
    summary: 'Change what a key may do; absent members stay as they are, null takes a right away.',
    role: 'write',
    params: schema.keyPath,
    query: schema.nothing,
    body: schema.keyChange,
    status: 200,
    answer: 'Key',
    async run(operations, { params, body: { allow_ips: allowIps, expires_at: expiresAt, ...rest } }) {
      const change = defined<KeyChange>({ allowIps, expiresAt, ...rest });
      return { value: await operations.setKey({ api: params.api, id: params.key }, change) };
    },
  }),
  route({
    method: 'post',
    path: `${KEY}/rotations`,
    name: 'rotateKey',
    summary: 'Make a new key with the same rights; the old one works on for overlap_seconds.',
    role: 'write',
    params: schema.keyPath,
    query: schema.nothing,
    body: schema.rotation,
    status: 201,
    answer: 'CreatedKey',
    async run(operations, { params: { api, key: id }, body }) {
      return created(await operations.rotateKey({ api, id }, body.overlap_seconds * SECOND_MS));
    },
  }),
  route({
    method: 'put',
    path: `${KEY}/revocation`,
    name: 'revokeKey',
    summary: 'Revoke a key, at once and for ever. `unconfirmed` names the edges that may still know it.',
    role: 'write',
    params: schema.keyPath,
    query: schema.nothing,
    body: schema.nothing,
    status: 200,
    answer: 'Revocation',
    run: async (operations, { params: { api, key: id } }) => ({
      value: await operations.revokeKey({ api, id }),
    }),
  }),
];

const AUDIT_ROUTES: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/audit',
    name: 'listAudit',
    summary: 'List what was changed, newest first, with who did it, when and from where.',
    role: 'read',
    params: schema.nothing,
    query: schema.auditQuery,
    status: 200,
    answer: 'AuditPage',
    run: async (operations, { query }) => ({ value: await operations.listAudit(defined(query)) }),
  }),
];

/** The whole admin API, but for its own description. */
export const ROUTES: readonly Route[] = [
  ...ACCOUNT_ROUTES,
  ...KEY_ROUTES,
  ...SESSION_ROUTES,
  ...AUDIT_ROUTES,
];

function created(key: CreatedKey): Done {
  return { value: key, location: fillPath(KEY, { api: key.api, key: key.id }) };
}
