import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FEED_START, readFeed } from '../../../../../src/domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../../../../../src/domain/feed.ts';
import { SEALED_KEY_BYTES_MAX } from '../../../../../src/domain/feed-records.ts';
import type { AccountRecord, KeyRecord, SessionRecord } from '../../../../../src/domain/feed-records.ts';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { hexFromWords } from '../../../../../src/lib/key-digest.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

/** What a hand writes that means "never". */
const NEVER = '9223372036854775807';

let path: string;
let store: SqliteStore;

beforeEach(async () => {
  path = temporaryFile('t.db');
  store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  await store.writes.insertAccount(newAccount({ credits: 5 }), BY);
  await store.writes.insertAccount(newAccount({ id: 'other' }), BY);
  await store.writes.insertKeys([newKey(1), newKey(2)], BY);
});

function change(sql: string): void {
  const hand = new DatabaseSync(path);
  hand.exec(sql);
  hand.close();
}

/** By their rows. */
function readAll(cursor: FeedCursor) {
  const accounts = new Map<number, AccountRecord>();
  const keys = new Map<number, KeyRecord>();
  const ignore = (): void => undefined;
  const sessions: SessionRecord[] = [];
  const signingKeys: string[] = [];
  const ended: string[] = [];
  const sink = {
    account: (record: AccountRecord) => void accounts.set(record.row, record),
    key: (record: KeyRecord) => void keys.set(record.row, record),
    accountGone: ignore,
    keyGone: ignore,
    session: (record: SessionRecord) => void sessions.push(record),
    sessionGone: (_api: number, id: Int32Array) => void ended.push(hexFromWords(id)),
    signingKey: ({ kid }: { readonly kid: string }) => void signingKeys.push(kid),
    signingKeyGone: (_api: number, kid: string) => void ended.push(kid),
  };
  const batch: FeedBatch | undefined = store.keeper.read(cursor);
  if (batch !== undefined) readFeed(batch, sink);
  return { accounts, keys, sessions, signingKeys, ended };
}

const AFTER_ALL: FeedCursor = { phase: 'changes', row: 0, seq: 4 };

it.each([FEED_START, AFTER_ALL])(
  'tells of an account whose trial ends later than any number says, from $phase on',
  (cursor) => {
    change(`UPDATE accounts SET trial_ends_ms = ${NEVER} WHERE row = 1`);
    expect(readAll(cursor).accounts.get(1)?.trialEndsMs).toBe(Number(NEVER));
  },
);

it.each([FEED_START, AFTER_ALL])(
  'tells of a key that expires later than any number says, from $phase on',
  (cursor) => {
    change(`UPDATE keys SET expires_ms = ${NEVER} WHERE row = 1`);
    expect(readAll(cursor).keys.get(1)?.expiresAtMs).toBe(Number(NEVER));
  },
);

it('charges for a key that expires later than any number says', () => {
  change(`UPDATE keys SET expires_ms = ${NEVER} WHERE row = 1`);
  const charge = { accountRow: 1, keyRow: 1, cost: 1, allowance: 0, wallMs: 0 };
  expect(store.keeper.charge([charge])).toMatchObject([{ result: 'charged' }]);
});

it('takes a key for revoked whose revocation stands at an impossible time, and tells of the others', () => {
  change(`UPDATE keys SET revoked_ms = ${NEVER} WHERE row = 1`);
  expect([...readAll(FEED_START).keys.keys()]).toEqual([2]);
});

it.each([SEALED_KEY_BYTES_MAX + 1, 1_000_000])(
  'tells of a key without its seal where that has %i bytes: nobody signs with it',
  (bytes) => {
    change(`UPDATE keys SET sealed = zeroblob(${bytes}), sealing_key_id = 's' WHERE row = 1`);
    change(`UPDATE keys SET sealed = zeroblob(${SEALED_KEY_BYTES_MAX}), sealing_key_id = 's' WHERE row = 2`);
    const { keys } = readAll(FEED_START);
    expect(keys.get(1)).toMatchObject({ row: 1 });
    expect(keys.get(1)).not.toHaveProperty('sealed');
    expect(keys.get(2)?.sealed?.bytes).toHaveLength(SEALED_KEY_BYTES_MAX);
  },
);

describe('beside a session and a signing key at whose end an impossible time stands,', () => {
  const SESSION_ID = '00000000000000000000000';
  const setNever = (column: string, table: string): void =>
    change(`PRAGMA ignore_check_constraints = ON; UPDATE ${table} SET ${column} = ${NEVER} WHERE row = 1`);

  beforeEach(async () => {
    for (const number of [1, 2]) {
      const times = { atMs: 0, expiresMs: 9e12, diesMs: 9e12 };
      const session = { api: 'alpha', id: `ses_${SESSION_ID}${number}`, key: refOf(1).id, refresh: null };
      await store.writes.insertSession({ ...session, ...times });
    }
    const key = {
      api: 'alpha',
      algorithm: 'EdDSA',
      jwk: '{}',
      sealed: Uint8Array.of(1),
      sealingKeyId: 's',
    } as const;
    const signing = { publishedMs: 0, signsFromMs: 0, others: 'stay' } as const;
    await store.writes.insertSigningKey({ ...key, ...signing, kid: 'one', after: '' }, BY);
    await store.writes.insertSigningKey({ ...key, ...signing, kid: 'two', after: 'one' }, BY);
  });

  it.each([FEED_START, AFTER_ALL])('the others are told of, from $phase on: it has ended', (cursor) => {
    setNever('ended_ms', 'sessions');
    setNever('gone_ms', 'signing_keys');
    const told = readAll(cursor);
    expect(told.sessions.map(({ id }) => hexFromWords(id))).toEqual([`${SESSION_ID}2`]);
    expect(told.signingKeys).toEqual(['two']);
    expect(told.ended).toEqual(
      cursor === FEED_START ? [] : expect.arrayContaining([`${SESSION_ID}1`, 'one']),
    );
  });

  it.each([FEED_START, AFTER_ALL])('it ends as late as that, from $phase on', (cursor) => {
    setNever('expires_ms', 'sessions');
    const [first] = readAll(cursor).sessions.toSorted((a, b) => b.expiresAtMs - a.expiresAtMs);
    expect(first?.expiresAtMs).toBe(Number(NEVER));
  });
});

describe('what a hand gave a time that no number of JavaScript holds', () => {
  it('can be revoked, listed and suspended as anything else', async () => {
    change(`UPDATE keys SET expires_ms = ${NEVER}; UPDATE accounts SET trial_ends_ms = ${NEVER}`);
    expect(await store.reads.findKey(refOf(1))).toMatchObject({ expiresMs: Number.MAX_SAFE_INTEGER });
    await store.writes.revokeKey(refOf(1), 5, BY);
    expect(await store.reads.findKey(refOf(1))).toMatchObject({ revokedMs: 5 });
    await store.writes.updateAccount({ api: 'alpha', id: 'other' }, { standing: 'suspended' }, BY);
    expect(await store.reads.findAccount({ api: 'alpha', id: 'other' })).toMatchObject({
      standing: 'suspended',
      trialEndsMs: Number.MAX_SAFE_INTEGER,
    });
  });
});
