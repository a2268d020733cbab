import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toProfileText } from '../../../../src/domain/feed-records.ts';
import type { FeedSink } from '../../../../src/domain/feed-records.ts';
import { TIER_UNKNOWN } from '../../../../src/domain/principal.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import { createKeyHasher } from '../../../../src/lib/key-digest.ts';
import { KEY_LENGTH_MAX, issueKey } from '../../../../src/lib/key-format.ts';
import { accountRecord, batchOf, batchOfKey, changesUpTo, createApi, digestOf, keyRecord } from './world.ts';

const hasher = createKeyHasher({ current: { id: 'now', secret: randomBytes(32) }, retired: [] });
const api = createApi({ index: 0, tiers: ['free', 'pro'] });
const other = createApi({ index: 1, keys: { imports: true } });
const key = issueKey('ak_', randomBytes);
const digest = digestOf(hasher, key);

function createWorld() {
  return createDirectory({ apis: [api, other], hasher });
}

describe('find', () => {
  test('gives back all that the feed said of a key and its account', () => {
    const directory = createWorld();
    const profile = toProfileText({
      tier: 'pro',
      permissions: ['a:read'],
      role: 'admin',
      limits: ['10/minute'],
    });
    directory.apply(
      batchOf((sink) => {
        sink.account(
          accountRecord({
            row: 7,
            id: 'org_x',
            tier: 'free',
            standing: 'suspended',
            billing: 'trialing',
            trialEndsMs: 5e12,
          }),
        );
        sink.key(
          keyRecord({
            row: 2 ** 40,
            accountRow: 7,
            digest,
            profile,
            expiresAtMs: 6e12,
            id: Int32Array.of(0x04_03_02_01, -1, 0),
          }),
        );
      }),
    );
    expect(directory.find(api, key)).toEqual({
      credential: 'api_key',
      keyRow: 2 ** 40,
      keyId: 'key_01020304ffffffff00000000',
      expiresAtMs: 6e12,
      subject: { word0: 0x04_03_02_01, word1: -1, word2: 0 },
      profile: {
        tier: 1,
        permissions: new Set(['a:read']),
        role: 'admin',
        allowlist: undefined,
        limits: [{ scope: 'key', count: 10, windowMs: 60_000, name: 'key-minute' }],
      },
      account: {
        row: 7,
        id: 'org_x',
        tier: 0,
        standing: 'suspended',
        billing: 'trialing',
        trialEndsMs: 5e12,
        subject: { word0: 1, word1: 2, word2: 3 },
      },
    });
  });

  test('changes no object that it has given, so that a decision under way does not see later changes', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ digest }));
    const before = [1, 2, 3].map(() => directory.find(api, key));
    directory.apply(batchOf((sink) => sink.account(accountRecord({ standing: 'disabled' })), changesUpTo(1)));
    expect(before.map((principal) => principal?.account.standing)).toEqual(['ok', 'ok', 'ok']);
    expect(directory.find(api, key)?.account.standing).toBe('disabled');
  });

  test('gives a key that comes again one object, and another after any change of an account or a key', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ digest }));
    const settle = () => [1, 2, 3].map(() => directory.find(api, key)).at(-1);
    const changes: readonly ((sink: FeedSink) => void)[] = [
      (sink) => sink.account(accountRecord({ row: 99 })),
      (sink) => sink.accountGone(api.index, 99),
      (sink) => sink.key(keyRecord({ row: 99, digest: digest.toReversed() })),
      (sink) => sink.keyGone(api.index, digest.toReversed()),
    ];
    for (const [seq, change] of changes.entries()) {
      const kept = settle();
      expect(kept?.kept).toBe(true);
      expect(directory.find(api, key)).toBe(kept);
      directory.apply(batchOf(change, changesUpTo(seq + 1)));
      expect(directory.find(api, key)).not.toBe(kept);
    }
  });

  test('does not know the key of another API, even where both APIs know the same key', () => {
    const directory = createWorld();
    directory.apply(
      batchOf((sink) => {
        sink.account(accountRecord({ api: 0, row: 1 }));
        sink.account(accountRecord({ api: 1, row: 2 }));
        sink.key(keyRecord({ api: 1, row: 22, accountRow: 2, digest }));
      }),
    );
    expect(directory.find(api, key)).toBeUndefined();
    expect(directory.find(other, key)?.keyRow).toBe(22);
    directory.apply(batchOf((sink) => sink.key(keyRecord({ api: 0, row: 11, digest })), changesUpTo(1)));
    expect([directory.find(api, key)?.keyRow, directory.find(other, key)?.keyRow]).toEqual([11, 22]);
    directory.apply(batchOf((sink) => sink.keyGone(1, digest), changesUpTo(2)));
    expect([directory.find(api, key)?.keyRow, directory.find(other, key)?.keyRow]).toEqual([11, undefined]);
  });

  test('does not know a key whose account is of another API', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ digest }, { api: 1 }));
    expect(directory.find(api, key)).toBeUndefined();
  });

  test('refuses before hashing what cannot be a key: a wrong checksum, a foreign shape, too many characters', () => {
    const asked: string[] = [];
    const directory = createDirectory({
      apis: [api, other],
      hasher: { ...hasher, digest: (presented) => void asked.push(presented) },
    });
    const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
    for (const presented of [
      '',
      'ak_',
      wrong,
      key.slice(3),
      'imported-key-0123456789',
      'x'.repeat(KEY_LENGTH_MAX + 1),
    ]) {
      expect(directory.find(api, presented)).toBeUndefined();
    }
    for (const presented of [wrong, 'x'.repeat(KEY_LENGTH_MAX + 1)]) {
      expect(directory.find(other, presented)).toBeUndefined();
    }
    expect(asked).toEqual([]);
  });

  test('looks up a key of another shape where the API imports keys', () => {
    const directory = createWorld();
    const imported = 'imported-key-0123456789';
    directory.apply(
      batchOf((sink) => {
        sink.account(accountRecord({ api: 1 }));
        sink.key(keyRecord({ api: 1, row: 0, digest: digestOf(hasher, imported) }));
      }),
    );
    expect(directory.find(other, imported)?.keyRow).toBe(0);
    expect(directory.find(other, `${imported} `)).toBeUndefined();
  });

  test('finds keys made under the current and under each retired pepper', () => {
    const peppers = ['now', 'before', 'long ago'].map((id) => ({ id, secret: randomBytes(32) }));
    const [current, ...retired] = peppers;
    if (current === undefined) throw new Error('no pepper');
    const ring = createKeyHasher({ current, retired });
    const directory = createDirectory({ apis: [api], hasher: ring });
    const keys = peppers.map(() => issueKey('ak_', randomBytes));
    directory.apply(
      batchOf((sink) => {
        sink.account(accountRecord({}));
        for (const [index, one] of keys.entries())
          sink.key(keyRecord({ row: index + 1, digest: digestOf(ring, one, index) }));
      }),
    );
    expect(keys.map((one) => directory.find(api, one)?.keyRow)).toEqual([1, 2, 3]);
    expect(directory.find(api, issueKey('ak_', randomBytes))).toBeUndefined();
  });

  test('tells of each stored key that it finds under a retired pepper, with its digest under the current one', () => {
    const peppers = ['now', 'before', 'long ago'].map((id) => ({ id, secret: randomBytes(32) }));
    const [current, ...retired] = peppers;
    if (current === undefined) throw new Error('no pepper');
    const ring = createKeyHasher({ current, retired });
    const told: [row: number, digest: Int32Array][] = [];
    const onRetired = (row: number, found: Int32Array): void => void told.push([row, found.slice()]);
    const directory = createDirectory({ apis: [api], hasher: ring, onRetired });
    const [declared = '', ...keys] = ['', ...peppers].map(() => issueKey('ak_', randomBytes));
    directory.apply(
      batchOf((sink) => {
        sink.account(accountRecord({}));
        sink.key(keyRecord({ row: 0, digest: digestOf(ring, declared, 1) }));
        for (const [index, one] of keys.entries())
          sink.key(keyRecord({ row: index + 1, digest: digestOf(ring, one, index) }));
      }),
    );
    // Also at the third time, when other keys are kept.
    for (let time = 0; time < 3; time += 1) {
      told.length = 0;
      for (const one of [declared, ...keys, issueKey('ak_', randomBytes)]) directory.find(api, one);
      expect(told).toEqual([2, 3].map((row) => [row, digestOf(ring, keys[row - 1] ?? '')]));
    }
  });

  test('compares every word of the digest', () => {
    for (let word = 0; word < 8; word += 1) {
      for (const bit of [0, 1, 19, 20, 23, 24, 31]) {
        const directory = createWorld();
        const near = digest.slice();
        near[word] = (near[word] ?? 0) ^ (1 << bit);
        directory.apply(batchOfKey({ digest: near }));
        expect(directory.keyCount).toBe(1);
        expect(directory.find(api, key)).toBeUndefined();
      }
    }
  });

  test('tells a tier that the configuration does not know from every tier it knows', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ digest }, { tier: 'gold' }));
    expect(directory.find(api, key)?.account.tier).toBe(TIER_UNKNOWN);
  });
});

describe('apply', () => {
  test('hides a key until its account is known, and again once it is gone', () => {
    const directory = createWorld();
    directory.apply(batchOf((sink) => sink.key(keyRecord({ digest }))));
    expect(directory).toMatchObject({ keyCount: 1, accountCount: 0 });
    expect(directory.find(api, key)).toBeUndefined();
    directory.apply(batchOf((sink) => sink.account(accountRecord({}))));
    expect(directory.find(api, key)?.keyRow).toBe(1);
    directory.apply(batchOf((sink) => sink.accountGone(0, 1)));
    expect(directory.find(api, key)).toBeUndefined();
    directory.apply(batchOf((sink) => sink.account(accountRecord({ id: 'org_2' }))));
    expect(directory.find(api, key)?.account.id).toBe('org_2');
  });

  test('does not bring a revoked key back when an older batch comes again', () => {
    const directory = createWorld();
    const snapshot = batchOfKey({ digest });
    const created = batchOf((sink) => sink.key(keyRecord({ digest })), changesUpTo(5));
    const revoked = batchOf((sink) => sink.keyGone(0, digest), changesUpTo(6));
    for (const batch of [snapshot, created, revoked, revoked, created, snapshot]) directory.apply(batch);
    expect(directory.find(api, key)).toBeUndefined();
    expect(directory).toMatchObject({ keyCount: 0, accountCount: 1 });
  });

  test('takes the removal of what it never knew as done', () => {
    const directory = createWorld();
    directory.apply(
      batchOf((sink) => {
        sink.keyGone(0, digest);
        sink.accountGone(0, 1);
        sink.accountGone(3, 9);
      }),
    );
    expect(directory).toMatchObject({ keyCount: 0, accountCount: 0 });
  });

  test('ignores records of an API that the policy does not have', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ api: 2, digest }, { api: 2 }));
    expect(directory).toMatchObject({ keyCount: 0, accountCount: 0 });
  });

  test('does not know an account whose id no record can hold, and forgets what it knew of it', () => {
    const directory = createWorld();
    directory.apply(batchOfKey({ digest }));
    expect(directory.find(api, key)?.account.id).toBe('org_1');
    for (const id of ['', 'x'.repeat(65), 'é', 'a b', 'a\r\nb']) {
      directory.apply(batchOf((sink) => sink.account(accountRecord({}))));
      directory.apply(batchOf((sink) => sink.account(accountRecord({ id }))));
      expect(directory.find(api, key)).toBeUndefined();
    }
    expect(directory.accountCount).toBe(0);
  });

  test('keeps an id of full length beside its neighbours', () => {
    const directory = createWorld();
    const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
    const keys = ids.map(() => issueKey('ak_', randomBytes));
    directory.apply(
      batchOf((sink) => {
        for (const [index, id] of ids.entries()) {
          sink.account(accountRecord({ row: index + 4_095, id }));
          sink.key(keyRecord({ accountRow: index + 4_095, digest: digestOf(hasher, keys[index] ?? '') }));
        }
      }),
    );
    expect(keys.map((one) => directory.find(api, one)?.account.id)).toEqual(ids);
  });
});
