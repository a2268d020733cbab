import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sealingContext } from '../../../../src/domain/feed-records.ts';
import type { FeedSink, SealedKeyRecord } from '../../../../src/domain/feed-records.ts';
import type { Subject } from '../../../../src/domain/limit.ts';
import type { Api } from '../../../../src/domain/policy.ts';
import type { SessionRules } from '../../../../src/domain/token.ts';
import { writeId } from '../../../../src/edge/directory/named-id.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import type { PackedDirectory } from '../../../../src/edge/directory/packed.ts';
import type { KeyHasher } from '../../../../src/lib/key-digest.ts';
import { createSealer } from '../../../../src/lib/seal.ts';
import { subjectOf } from '../../../../src/lib/subject.ts';
import { accountRecord, batchesOf, createApi, keyRecord } from './world.ts';

const hasher: KeyHasher = {
  pepperIds: ['test'],
  digest: (key, _pepperIndex, out) => out.set(wordsOf(key, 8)),
};
const sealer = createSealer({ current: { id: 's1', secret: new Uint8Array(32).fill(7) }, retired: [] });
/** The first API takes no tokens, so that it keeps nothing for them; the second takes all kinds. */
const apis = [
  createApi({ index: 0, keys: { imports: true } }),
  createApi({
    index: 1,
    keys: { imports: true, sealed: true },
    tokens: { sessions: {} as SessionRules },
  }),
];
const NOW = { wallMs: 1_000, monotonicMs: 0 };

type Change =
  | {
      readonly kind: 'key';
      readonly api: number;
      readonly key: number;
      readonly id: number;
      readonly account: number;
      /** Which sealed text; undefined: none. */
      readonly version: number | undefined;
      readonly expired: boolean;
    }
  | { readonly kind: 'keyGone'; readonly api: number; readonly key: number }
  | { readonly kind: 'account'; readonly api: number; readonly row: number; readonly name: number }
  | { readonly kind: 'accountGone'; readonly api: number; readonly row: number }
  | { readonly kind: 'session'; readonly api: number; readonly session: number; readonly id: number }
  | { readonly kind: 'sessionGone'; readonly api: number; readonly session: number }
  | { readonly kind: 'signingKey'; readonly api: number; readonly kid: number }
  | { readonly kind: 'signingKeyGone'; readonly api: number; readonly kid: number };

type KeyChange = Extract<Change, { readonly kind: 'key' }>;

/** What the directory promises about tokens, in maps; a later entry of an id or a name takes the place of an earlier one. */
class Model {
  private readonly keys = new Map<number, KeyChange>();
  private readonly keyOfId = new Map<number, number>();
  private readonly accounts = new Map<number, Extract<Change, { readonly kind: 'account' }>>();
  private readonly rowOfName = new Map<number, number>();
  private readonly sessions = new Map<number, number>();
  private readonly kids = new Set<number>();
  /** In the order in which they came. */
  private signers: KeyChange[] = [];

  run(change: Change): void {
    if (change.kind === 'account') return this.putAccount(change);
    if (change.kind === 'accountGone') {
      if (this.accounts.get(change.row)?.api === change.api) this.dropAccount(change.row);
      return;
    }
    if (change.api === 0) return;
    if (change.kind === 'key') this.putKey(change);
    else if (change.kind === 'keyGone') this.dropKey(change.key);
    else if (change.kind === 'session') this.sessions.set(change.session, change.id);
    else if (change.kind === 'sessionGone') this.sessions.delete(change.session);
    else if (change.kind === 'signingKey') this.kids.add(change.kid);
    else this.kids.delete(change.kid);
  }

  private putAccount(change: Extract<Change, { readonly kind: 'account' }>): void {
    this.dropAccount(change.row);
    this.accounts.set(change.row, change);
    if (change.api === 1) this.rowOfName.set(change.name, change.row);
  }

  private dropAccount(row: number): void {
    const known = this.accounts.get(row);
    this.accounts.delete(row);
    if (known?.api === 1 && this.rowOfName.get(known.name) === row) this.rowOfName.delete(known.name);
  }

  private putKey(change: KeyChange): void {
    const before = this.keys.get(change.key);
    if (before !== undefined && before.id !== change.id) this.dropKey(change.key);
    this.keys.set(change.key, change);
    this.keyOfId.set(change.id, change.key);
    const at = this.signers.findIndex(({ id }) => id === change.id);
    const stays = at !== -1 && change.version !== undefined && this.signers[at]?.account === change.account;
    if (stays) this.signers[at] = change;
    else this.signers = this.signers.filter(({ id }) => id !== change.id);
    if (!stays && change.version !== undefined) this.signers.push(change);
  }

  private dropKey(key: number): void {
    const known = this.keys.get(key);
    this.keys.delete(key);
    if (known === undefined || this.keyOfId.get(known.id) !== key) return;
    this.keyOfId.delete(known.id);
    this.signers = this.signers.filter(({ id }) => id !== known.id);
  }

  findKey(id: number): string {
    const key = this.keys.get(this.keyOfId.get(id) ?? -1);
    const account = key && this.accounts.get(key.account);
    return key !== undefined && account?.api === 1
      ? `${idOf('key', id)} of ${nameOf(account.name)}`
      : 'unknown';
  }

  findSession(session: number): string {
    const id = this.sessions.get(session);
    return id === undefined ? 'unknown' : this.findKey(id);
  }

  findAccount(name: number): number | undefined {
    return this.rowOfName.get(name);
  }

  signersOf(name: number): string[] {
    const row = this.rowOfName.get(name);
    const own = this.signers.filter(({ account, expired }) => account === row && !expired);
    return own.toReversed().slice(0, 16).map(secretOf);
  }

  signersById(id: number): string[] {
    return this.signers.filter((signer) => signer.id === id && !signer.expired).map(secretOf);
  }

  hasKid(kid: number): boolean {
    return this.kids.has(kid);
  }
}

const MAX = { key: 11, id: 9, row: 3, name: 3, session: 5, kid: 2, version: 2 };

function changes(max: typeof MAX): fc.Arbitrary<Change> {
  const api = fc.constantFrom(0, 1, 1, 1);
  const constant = <Kind extends Change['kind']>(kind: Kind) => fc.constant(kind);
  const upTo = (name: keyof typeof MAX) => fc.nat({ max: max[name] });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: constant('key'),
        api,
        key: upTo('key'),
        id: upTo('id'),
        account: upTo('row'),
        version: fc.option(upTo('version'), { nil: undefined }),
        expired: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: constant('keyGone'), api, key: upTo('key') }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: constant('account'), api, row: upTo('row'), name: upTo('name') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: constant('accountGone'), api, row: upTo('row') }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: constant('session'), api, session: upTo('session'), id: upTo('id') }),
    },
    { weight: 2, arbitrary: fc.record({ kind: constant('sessionGone'), api, session: upTo('session') }) },
    { weight: 1, arbitrary: fc.record({ kind: constant('signingKey'), api, kid: upTo('kid') }) },
    { weight: 1, arbitrary: fc.record({ kind: constant('signingKeyGone'), api, kid: upTo('kid') }) },
  );
}

describe('what the packed directory knows for tokens', () => {
  test('is what plain maps know after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(changes(MAX), { maxLength: 100, size: 'max' }), (sequence) => {
        const directory = createDirectory({ apis, hasher, sealer });
        const model = new Model();
        for (const change of sequence) model.run(change);
        play(directory, sequence);
        expectSame(directory, model, MAX);
      }),
      { numRuns: 300 },
    );
  });

  test('is so while thousands of keys and sessions come and go and every table grows', () => {
    const max = { ...MAX, key: 4_000, id: 4_000, row: 300, name: 300, session: 6_000 };
    const directory = createDirectory({ apis, hasher, sealer });
    const model = new Model();
    const [sequence = []] = fc.sample(
      fc.array(changes(max), { minLength: 30_000, maxLength: 30_000, size: 'max' }),
      { numRuns: 1, seed: 7 },
    );
    for (const change of sequence) model.run(change);
    play(directory, sequence);
    expectSame(directory, model, max);
  });
});

function play(directory: PackedDirectory, sequence: readonly Change[]): void {
  for (const batch of batchesOf(sequence.map((change) => (sink: FeedSink) => write(sink, change)))) {
    directory.apply(batch);
  }
}

function write(sink: FeedSink, change: Change): void {
  const { api } = change;
  switch (change.kind) {
    case 'key': {
      const { key, id, account, version, expired } = change;
      const sealed = version === undefined ? {} : { sealed: seal(change) };
      return sink.key(
        keyRecord({
          api,
          row: key + 1,
          accountRow: account,
          digest: wordsOf(`digest ${key}`, 8),
          id: wordsOf(`id ${id}`, 3),
          expiresAtMs: expired ? NOW.wallMs : NOW.wallMs + 1,
          ...sealed,
        }),
      );
    }
    case 'keyGone':
      return sink.keyGone(api, wordsOf(`digest ${change.key}`, 8));
    case 'account': {
      const id = nameOf(change.name);
      const subject = toWords(subjectOf([`api-${api}`, id]));
      return sink.account(accountRecord({ api, row: change.row, id, subject }));
    }
    case 'accountGone':
      return sink.accountGone(api, change.row);
    case 'session':
      return sink.session({
        api,
        id: wordsOf(`session ${change.session}`, 3),
        keyId: wordsOf(`id ${change.id}`, 3),
        expiresAtMs: change.session,
      });
    case 'sessionGone':
      return sink.sessionGone(api, wordsOf(`session ${change.session}`, 3));
    case 'signingKey':
      return sink.signingKey({ api, kid: `kid-${change.kid}`, algorithm: 'ES256', jwk: '{}' });
    case 'signingKeyGone':
      return sink.signingKeyGone(api, `kid-${change.kid}`);
  }
}

function expectSame(directory: PackedDirectory, model: Model, max: typeof MAX): void {
  const [plain, tokens] = apis as [Api, Api];
  for (let id = 0; id <= max.id; id += 1) {
    const keyId = idOf('key', id);
    const found = directory.findKey(tokens, keyId);
    expect(found === undefined ? 'unknown' : `${found.keyId} of ${found.account.id}`).toBe(model.findKey(id));
    expect(secretsOf(directory.findSigners(tokens, { keyId }, NOW))).toEqual(model.signersById(id));
    expect(directory.findKey(plain, keyId)).toBeUndefined();
    expect(directory.findSigners(plain, { keyId }, NOW)).toEqual([]);
  }
  for (let session = 0; session <= max.session; session += 1) {
    const id = idOf('session', session);
    for (const _asked of ['found', 'kept from now on', 'remembered']) {
      const found = directory.findSession(tokens, id);
      const words = found && `${found.principal.keyId} of ${found.principal.account.id}`;
      expect(words ?? 'unknown').toBe(model.findSession(session));
      if (found === undefined) continue;
      expect(found).toMatchObject({
        expiresAtMs: session,
        principal: { credential: 'session', sessionId: id },
      });
    }
    expect(directory.findSession(plain, id)).toBeUndefined();
  }
  for (let name = 0; name <= max.name; name += 1) {
    const id = nameOf(name);
    const account = directory.findAccount(tokens, id, subjectOf(['api-1', id]));
    expect(account?.row).toBe(model.findAccount(name));
    if (account !== undefined) expect(account.id).toBe(id);
    expect(secretsOf(directory.findSigners(tokens, { account: id }, NOW))).toEqual(model.signersOf(name));
    expect(directory.findAccount(plain, id, subjectOf(['api-0', id]))).toBeUndefined();
  }
  for (let kid = 0; kid <= max.kid; kid += 1) {
    expect(directory.findSessionKey(tokens, `kid-${kid}`) !== undefined).toBe(model.hasKid(kid));
    expect(directory.findSessionKey(plain, `kid-${kid}`)).toBeUndefined();
  }
}

function secretsOf(signers: ReturnType<PackedDirectory['findSigners']>): string[] {
  return signers.map(({ keyId, secret }) => `${keyId} ${Buffer.from(secret).toString()}`);
}

/** Short and long ones, so that they lie in their row and beside it. */
function keyTextOf({ id, version }: KeyChange): string {
  return `key ${id} ${version}`.padEnd(version === 2 ? 200 : 40, '.');
}

function secretOf(change: KeyChange): string {
  return `${idOf('key', change.id)} ${keyTextOf(change)}`;
}

const sealedOf = new Map<string, SealedKeyRecord>();

function seal(change: KeyChange): SealedKeyRecord {
  const name = `${change.api} ${keyTextOf(change)}`;
  const known = sealedOf.get(name);
  if (known !== undefined) return known;
  const context = sealingContext(`api-${change.api}`, idOf('key', change.id));
  const { keyId, sealed } = sealer.seal(keyTextOf(change), context);
  sealedOf.set(name, { sealingKeyId: keyId, bytes: sealed });
  return { sealingKeyId: keyId, bytes: sealed };
}

function idOf(what: 'key' | 'session', number: number): string {
  const words = wordsOf(`${what === 'key' ? 'id' : 'session'} ${number}`, 3);
  const [word0 = 0, word1 = 0, word2 = 0] = words;
  return writeId(what === 'key' ? 'key_' : 'ses_', { word0, word1, word2 });
}

function nameOf(name: number): string {
  return `org_${name}`;
}

function toWords({ word0, word1, word2 }: Subject): Int32Array {
  return Int32Array.of(word0, word1, word2);
}

function wordsOf(text: string, count: number): Int32Array {
  const bytes = createHash('sha256').update(text).digest();
  return Int32Array.from({ length: count }, (_, word) => bytes.readInt32LE(4 * word));
}
