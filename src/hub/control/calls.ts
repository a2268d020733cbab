import { IMPORT_BATCH_MAX, SIGNING_KEY_STARTS } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import { OPERATOR_ROLES } from '../../domain/operators.ts';
import { BILLINGS, STANDINGS } from '../../domain/principal.ts';
import { ShapeError, listOf, oneOf, orNull, record, text, whole } from '../../lib/shape.ts';
import type { Shape } from '../../lib/shape.ts';

/** Checks the arguments of one operation and does it. Throws `ShapeError` before anything is done. */
export type Call = (operations: Operations, args: unknown) => Promise<unknown>;

const WORDS_MAX = 1_000;
const words = listOf(text, WORDS_MAX);

const reference = record({ api: text, id: text }, {});
const newAccount = record(
  { api: text, id: text },
  { tier: text, billing: oneOf(BILLINGS), trialEnds: text, credits: whole },
);
const accountChange = record(
  {},
  { tier: text, billing: oneOf(BILLINGS), trialEnds: orNull(text), standing: oneOf(STANDINGS) },
);
const grant = record({ credits: whole }, { ref: text });
const rights = {
  tier: text,
  permissions: words,
  role: text,
  allowIps: words,
  limits: words,
  expiresAt: text,
};
const newKey = record({ api: text, account: text, name: text }, rights);
const importedKey = record({ api: text, account: text, name: text, key: text }, rights);
const keyChange = record(
  {},
  {
    name: text,
    tier: orNull(text),
    permissions: words,
    role: orNull(text),
    allowIps: orNull(words),
    limits: words,
    expiresAt: orNull(text),
  },
);
const keyQuery = record({ api: text }, { account: text, after: text, limit: whole });
const sessionQuery = record({ api: text }, { account: text, key: text, after: text, limit: whole });
const sessionSelection = record({ api: text }, { session: text, key: text, account: text });
const signingKeyRotation = record({ api: text }, { start: oneOf(SIGNING_KEY_STARTS) });
const newOperator = record({ name: text, role: oneOf(OPERATOR_ROLES) }, {});
const auditQuery = record({}, { object: text, after: text, limit: whole });

const TABLE: Readonly<Record<keyof Operations, Call>> = {
  createAccount: one(newAccount, (operations, input) => operations.createAccount(input)),
  showAccount: one(reference, (operations, account) => operations.showAccount(account)),
  setAccount: two(reference, accountChange, (operations, account, change) =>
    operations.setAccount(account, change),
  ),
  grantCredits: two(reference, grant, (operations, account, given) =>
    operations.grantCredits(account, given),
  ),
  createKey: one(newKey, (operations, input) => operations.createKey(input)),
  showKey: one(reference, (operations, key) => operations.showKey(key)),
  listKeys: one(keyQuery, (operations, query) => operations.listKeys(query)),
  setKey: two(reference, keyChange, (operations, key, change) => operations.setKey(key, change)),
  rotateKey: two(reference, whole, (operations, key, overlapMs) => operations.rotateKey(key, overlapMs)),
  revokeKey: one(reference, (operations, key) => operations.revokeKey(key)),
  importKeys: one(listOf(importedKey, IMPORT_BATCH_MAX), (operations, keys) => operations.importKeys(keys)),
  listSessions: one(sessionQuery, (operations, query) => operations.listSessions(query)),
  showSession: one(reference, (operations, session) => operations.showSession(session)),
  revokeSessions: one(sessionSelection, (operations, selection) => operations.revokeSessions(selection)),
  listSigningKeys: one(text, (operations, api) => operations.listSigningKeys(api)),
  rotateSigningKey: one(signingKeyRotation, (operations, rotation) => operations.rotateSigningKey(rotation)),
  createOperator: one(newOperator, (operations, input) => operations.createOperator(input)),
  listOperators: none((operations) => operations.listOperators()),
  revokeOperator: one(text, (operations, name) => operations.revokeOperator(name)),
  listAudit: one(auditQuery, (operations, query) => operations.listAudit(query)),
};

/** Every operation that may be asked for by name, and no other name. */
export const CALLS: ReadonlyMap<string, Call> = new Map(Object.entries(TABLE));

function none(call: (operations: Operations) => Promise<unknown>): Call {
  return async (operations, args) => {
    readArguments(args, 0);
    return call(operations);
  };
}

function one<A>(first: Shape<A>, call: (operations: Operations, a: A) => Promise<unknown>): Call {
  return async (operations, args) => {
    const [a] = readArguments(args, 1);
    return call(operations, first(a, 'argument 1'));
  };
}

function two<A, B>(
  first: Shape<A>,
  second: Shape<B>,
  call: (operations: Operations, a: A, b: B) => Promise<unknown>,
): Call {
  return async (operations, args) => {
    const [a, b] = readArguments(args, 2);
    return call(operations, first(a, 'argument 1'), second(b, 'argument 2'));
  };
}

function readArguments(args: unknown, count: number): readonly unknown[] {
  if (!Array.isArray(args) || args.length !== count) {
    throw new ShapeError(`the body must be a JSON list of ${count} argument${count === 1 ? '' : 's'}`);
  }
  return args;
}
