import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FEED_START, readFeed } from '../../../../../src/domain/feed.ts';
import type { FeedCursor } from '../../../../../src/domain/feed.ts';
import type { KeyRecord, SealedKeyRecord } from '../../../../../src/domain/feed-records.ts';
import { migrateSqlite, openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { WRITE_BATCH_MAX } from '../../../../../src/hub/store/store.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

const sealedUnder = (sealingKeyId: string, byte = 1): SealedKeyRecord => ({
  sealingKeyId,
  bytes: Uint8Array.of(byte, 0xff, 0),
});

describe('sealed keys', () => {
  let store: SqliteStore;
  let cursor: FeedCursor;
  const sealed = new Map<number, SealedKeyRecord | undefined>();

  /** What a follower learns of sealed keys that it did not know. */
  function follow(): [row: number, sealed: SealedKeyRecord | undefined][] {
    sealed.clear();
    for (let batch = store.keeper.read(cursor); batch !== undefined; batch = store.keeper.read(cursor)) {
      cursor = batch.cursor;
      readFeed(batch, {
        account: () => undefined,
        accountGone: () => undefined,
        key: (record: KeyRecord) => void sealed.set(record.row, record.sealed),
        keyGone: () => undefined,
        session: () => undefined,
        sessionGone: () => undefined,
        signingKey: () => undefined,
        signingKeyGone: () => undefined,
      });
    }
    return [...sealed];
  }

  beforeEach(async () => {
    const path = temporaryFile('t.db');
    migrateSqlite(path);
    store = openSqliteStore({ path, apiNames: ['alpha'] });
    onTestFinished(() => store.close());
    cursor = FEED_START;
    await store.writes.insertAccount(newAccount(), BY);
    await store.writes.insertKeys(
      [1, 2].map((seed) => newKey(seed, { sealed: sealedUnder('s1', seed) })),
      BY,
    );
    await store.writes.insertKeys([newKey(3)], BY);
  });

  it('reach a follower as they are kept, and of a key that is not sealed nothing does', () => {
    expect(follow()).toEqual([
      [1, sealedUnder('s1', 1)],
      [2, sealedUnder('s1', 2)],
      [3, undefined],
    ]);
  });

  it('reach a follower again when they were sealed anew', async () => {
    follow();
    await store.writes.resealKeys([{ row: 2, sealed: sealedUnder('s2', 7) }]);
    expect(follow()).toEqual([[2, sealedUnder('s2', 7)]]);
  });

  it('stay as they are where they are unknown, revoked, not sealed, or sealed so already', async () => {
    await store.writes.revokeKey(refOf(1), 1, BY);
    follow();
    await store.writes.resealKeys([1, 3, 99].map((row) => ({ row, sealed: sealedUnder('s2') })));
    await store.writes.resealKeys([{ row: 2, sealed: sealedUnder('s1', 9) }]);
    expect(follow()).toEqual([]);
    await expect(
      store.writes.resealKeys(
        Array.from({ length: WRITE_BATCH_MAX + 1 }, (_, row) => ({ row, sealed: sealedUnder('s2') })),
      ),
    ).rejects.toThrow(RangeError);
  });

  it('name every sealing key that is still needed, and none of revoked keys', async () => {
    expect(await store.reads.sealingKeysInUse()).toEqual(['s1']);
    await store.writes.resealKeys([{ row: 2, sealed: sealedUnder('s2') }]);
    expect(await store.reads.sealingKeysInUse()).toEqual(['s1', 's2']);
    await store.writes.revokeKey(refOf(1), 1, BY);
    expect(await store.reads.sealingKeysInUse()).toEqual(['s2']);
  });
});
