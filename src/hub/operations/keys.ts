import { IMPORT_BATCH_MAX, OVERLAP_MAX_MS, OperationRefused, PAGE_MAX } from '../../domain/operations.ts';
import type { CreatedKey, ImportedKey, KeyRef, NewKey, Operations } from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import { issueKey } from '../../lib/key-format.ts';
import type { KeyInsert, KeyListQuery, StoredKey } from '../store/keys.ts';
import { accountNotFound } from './accounts.ts';
import { ask, authorOf, findApi, readNowMs } from './context.ts';
import type { OperationsDeps } from './context.ts';
import { invalid, readName, readWhole } from './fields.ts';
import { checkForeignKey } from './foreign-key.ts';
import { createKeyMaterial } from './key-material.ts';
import { readExpiry, readKeyUpdate, readRights } from './rights.ts';
import { toKeyView } from './views.ts';

export type KeyOperations = Pick<
  Operations,
  'createKey' | 'showKey' | 'listKeys' | 'setKey' | 'rotateKey' | 'revokeKey' | 'importKeys'
>;

export function createKeyOperations(deps: OperationsDeps): KeyOperations {
  return {
    createKey: (input) => createKey(deps, input),
    showKey: (ref) => showKey(deps, ref),
    listKeys: (query) => listKeys(deps, query),
    setKey: (ref, change) => setKey(deps, ref, change),
    rotateKey: (ref, overlapMs) => rotateKey(deps, ref, overlapMs),
    revokeKey: (ref) => revokeKey(deps, ref),
    importKeys: (keys) => importKeys(deps, keys),
  };
}

async function createKey(deps: OperationsDeps, input: NewKey): Promise<CreatedKey> {
  const api = findApi(deps, input.api);
  const nowMs = readNowMs(deps);
  const key = issueKey(api.keys.prefix, deps.random);
  const by = authorOf(deps, 'key.create', nowMs);
  const inserted = await ask(deps.writes.insertKeys([toInsert(deps, { api, input, key, nowMs })], by));
  if (inserted.result === 'account_unknown') throw accountNotFound({ api: api.name, id: input.account });
  const [stored] = inserted.result === 'inserted' ? inserted.keys : [];
  // A key of 178 random bits that is known already means that the source of randomness is broken.
  if (stored === undefined) throw new Error('a newly issued key is known already');
  return withSecret(stored, key, nowMs);
}

async function showKey(deps: OperationsDeps, ref: KeyRef): ReturnType<Operations['showKey']> {
  findApi(deps, ref.api);
  const key = await ask(deps.reads.findKey(ref));
  if (key === undefined) throw keyNotFound(ref);
  return toKeyView(key, readNowMs(deps));
}

type Query = Parameters<Operations['listKeys']>[0];

async function listKeys(deps: OperationsDeps, query: Query): ReturnType<Operations['listKeys']> {
  const { api, account, limit = PAGE_MAX } = query;
  findApi(deps, api);
  const asked: KeyListQuery = { ...query, limit: readWhole(limit, { what: 'limit', min: 1, max: PAGE_MAX }) };
  if (account !== undefined && (await ask(deps.reads.findAccount({ api, id: account }))) === undefined) {
    throw accountNotFound({ api, id: account });
  }
  const page = await ask(deps.reads.listKeys(asked));
  if (page === undefined) throw invalid('after: the "next" of the page before');
  const nowMs = readNowMs(deps);
  return { items: page.keys.map((key) => toKeyView(key, nowMs)), next: page.next };
}

type Change = Parameters<Operations['setKey']>[1];

async function setKey(deps: OperationsDeps, ref: KeyRef, change: Change): ReturnType<Operations['setKey']> {
  const nowMs = readNowMs(deps);
  const update = readKeyUpdate(findApi(deps, ref.api), change, nowMs);
  if (Object.keys(update).length === 0) throw invalid('nothing to change: name what the key shall have');
  const updated = await ask(deps.writes.updateKey(ref, update, authorOf(deps, 'key.set', nowMs)));
  if (updated.result === 'updated') return toKeyView(updated.key, nowMs);
  if (updated.result === 'unknown') throw await unknownToWrites(deps, ref);
  throw conflict(`${ref.id} is revoked, and stays so: create another key`);
}

async function rotateKey(deps: OperationsDeps, ref: KeyRef, overlapMs: number): Promise<CreatedKey> {
  const api = findApi(deps, ref.api);
  const atMs = readNowMs(deps);
  const range = { what: 'the overlap in milliseconds', min: 0, max: OVERLAP_MAX_MS };
  const oldExpiresMs = atMs + readWhole(overlapMs, range);
  const key = issueKey(api.keys.prefix, deps.random);
  const replacement = createKeyMaterial(deps, api, key);
  const { api: apiName, id } = ref;
  const by = authorOf(deps, 'key.rotate', atMs);
  const rotation = { api: apiName, id, replacement, atMs, oldExpiresMs };
  const rotated = await ask(deps.writes.rotateKey(rotation, by));
  if (rotated.result === 'unknown') throw await unknownToWrites(deps, ref);
  if (rotated.result !== 'rotated') throw conflict(`${id} is ${rotated.result}: create another key`);
  return withSecret(rotated.key, key, atMs);
}

async function revokeKey(deps: OperationsDeps, ref: KeyRef): ReturnType<Operations['revokeKey']> {
  findApi(deps, ref.api);
  const atMs = readNowMs(deps);
  const revoked = await ask(deps.writes.revokeKey(ref, atMs, authorOf(deps, 'key.revoke', atMs)));
  if (revoked === undefined) throw await unknownToWrites(deps, ref);
  const unconfirmed = await deps.confirm(revoked.seq);
  return { ...toKeyView(revoked.key, readNowMs(deps)), unconfirmed };
}

type Imported = ReturnType<Operations['importKeys']>;

async function importKeys(deps: OperationsDeps, keys: readonly ImportedKey[]): Imported {
  readWhole(keys.length, { what: 'keys in a batch', min: 1, max: IMPORT_BATCH_MAX });
  const nowMs = readNowMs(deps);
  const inserts = keys.map((input, index) => atPlace(index, () => toImport(deps, input, nowMs)));
  const inserted = await ask(deps.writes.insertKeys(inserts, authorOf(deps, 'key.import', nowMs)));
  if (inserted.result === 'inserted') return inserted.keys.map((key) => toKeyView(key, nowMs));
  const { api = '', account: id = '' } = keys[inserted.index] ?? {};
  return atPlace(inserted.index, () => {
    if (inserted.result === 'account_unknown') throw accountNotFound({ api, id });
    throw conflict(`${api} knows this key already; a key that was revoked stays so`);
  });
}

function toImport(deps: OperationsDeps, input: ImportedKey, nowMs: number): KeyInsert {
  const api = findApi(deps, input.api);
  checkForeignKey(deps.policy, api, input.key);
  return toInsert(deps, { api, input, key: input.key, nowMs });
}

interface Insertion {
  readonly api: Api;
  readonly input: NewKey;
  readonly key: string;
  readonly nowMs: number;
}

function toInsert(deps: OperationsDeps, { api, input, key, nowMs }: Insertion): KeyInsert {
  const { account } = input;
  const name = readName(input.name);
  const profile = readRights(api, input);
  const expiresMs = readExpiry(input.expiresAt, nowMs);
  const material = createKeyMaterial(deps, api, key);
  return { ...material, api: api.name, account, name, profile, expiresMs, createdMs: nowMs };
}

/** The one answer that holds the key: right behind its id, where nobody overlooks it. */
function withSecret(stored: StoredKey, key: string, nowMs: number): CreatedKey {
  const { id, ...rest } = toKeyView(stored, nowMs);
  return { id, key, ...rest };
}

/** Says which key of a batch a refusal is about, by its place: its name has not been checked yet. */
function atPlace<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OperationRefused)) throw error;
    throw new OperationRefused(error.fault, `key ${index + 1} of the batch: ${error.message}`);
  }
}

/** Why the store would not change a key: it is declared in a file, or nobody knows it. */
async function unknownToWrites(deps: OperationsDeps, ref: KeyRef): Promise<OperationRefused> {
  const declared = await ask(deps.reads.findKey(ref));
  if (declared === undefined) return keyNotFound(ref);
  return new OperationRefused('read_only', `${ref.id} is declared in a configuration file: change it there`);
}

/** Does not repeat what was asked for: it may be the key itself, pasted in the place of its id. */
function keyNotFound({ api }: KeyRef): OperationRefused {
  return new OperationRefused(
    'not_found',
    `${api} has no key of this id: ids are "key_" and 24 hexadecimal digits`,
  );
}

function conflict(message: string): OperationRefused {
  return new OperationRefused('conflict', message);
}
