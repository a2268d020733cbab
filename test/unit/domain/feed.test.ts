import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FEED_BATCH_MAX, FEED_START, FeedWriter, readFeed } from '../../../src/domain/feed.ts';
import {
  CARRIED_ACCOUNT_ID,
  ACCOUNT_ID_LENGTH_MAX,
  SEALED_KEY_BYTES_MAX,
  fromProfileText,
  toProfileText,
} from '../../../src/domain/feed-records.ts';
import type { FeedBatch } from '../../../src/domain/feed.ts';
import type {
  AccountRecord,
  FeedSink,
  KeyRecord,
  SessionRecord,
  SigningKeyRecord,
} from '../../../src/domain/feed-records.ts';
import { BILLINGS, STANDINGS } from '../../../src/domain/principal.ts';

type Item =
  | { readonly kind: 'account'; readonly record: AccountRecord }
  | { readonly kind: 'accountGone'; readonly api: number; readonly row: number }
  | { readonly kind: 'key'; readonly record: KeyRecord }
  | { readonly kind: 'keyGone'; readonly api: number; readonly digest: Int32Array }
  | { readonly kind: 'session'; readonly record: SessionRecord }
  | { readonly kind: 'sessionGone'; readonly api: number; readonly id: Int32Array }
  | { readonly kind: 'signingKey'; readonly record: SigningKeyRecord }
  | { readonly kind: 'signingKeyGone'; readonly api: number; readonly kid: string };

const words = (count: number): fc.Arbitrary<Int32Array> =>
  fc.array(fc.integer(), { minLength: count, maxLength: count }).map((list) => Int32Array.from(list));
const api = fc.nat({ max: 9 });
const row = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const timeMs = fc.oneof(fc.nat({ max: 4_102_444_800_000 }), fc.constant(Infinity));
const text = fc.oneof(fc.constantFrom('', 'free', 'pro'), fc.string({ unit: 'grapheme' }));

const account = fc.record({
  api,
  row,
  id: text,
  tier: text,
  standing: fc.constantFrom(...STANDINGS),
  billing: fc.constantFrom(...BILLINGS),
  trialEndsMs: timeMs,
  subject: words(3),
});
const sealed = fc.record({
  sealingKeyId: text,
  bytes: fc.uint8Array({ maxLength: SEALED_KEY_BYTES_MAX, size: 'max' }),
});
const key: fc.Arbitrary<KeyRecord> = fc.record(
  {
    api,
    row,
    accountRow: row,
    profile: text,
    expiresAtMs: timeMs,
    id: words(3),
    digest: words(8),
    sealed,
  },
  { requiredKeys: ['api', 'row', 'accountRow', 'profile', 'expiresAtMs', 'id', 'digest'] },
);
const session = fc.record({ api, id: words(3), keyId: words(3), expiresAtMs: timeMs });
const algorithm = fc.constantFrom('EdDSA' as const, 'ES256' as const);
const signingKey = fc.record({ api, kid: text, algorithm, jwk: text });
const item: fc.Arbitrary<Item> = fc.oneof(
  session.map((record): Item => ({ kind: 'session', record })),
  fc.record({ kind: fc.constant('sessionGone' as const), api, id: words(3) }),
  signingKey.map((record): Item => ({ kind: 'signingKey', record })),
  fc.record({ kind: fc.constant('signingKeyGone' as const), api, kid: text }),
  account.map((record): Item => ({ kind: 'account', record })),
  key.map((record): Item => ({ kind: 'key', record })),
  fc.record({ kind: fc.constant('accountGone' as const), api, row }),
  fc.record({ kind: fc.constant('keyGone' as const), api, digest: words(8) }),
);

describe('the feed codec', () => {
  test('reads what was written, in order, also behind a structured clone', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), (items) => {
        const batch = structuredClone(batchOf(items));
        expect(itemsIn(batch)).toEqual(items);
        expect(batch).toMatchObject({ cursor: FEED_START, complete: true });
      }),
    );
  });

  test('leaves nothing of a record in the next one', () => {
    fc.assert(
      fc.property(key, (record) => {
        const gone: Item = { kind: 'keyGone', api: record.api, digest: record.digest };
        const items: Item[] = [{ kind: 'key', record }, gone, { kind: 'accountGone', api: 1, row: 2 }];
        expect(itemsIn(batchOf(items))).toEqual(items);
      }),
    );
  });

  test('takes FEED_BATCH_MAX records and not one more', () => {
    const writer = new FeedWriter();
    for (let count = 0; count < FEED_BATCH_MAX; count += 1) {
      expect(writer.full).toBe(false);
      writer.accountGone(0, count);
    }
    expect(writer).toMatchObject({ full: true, size: FEED_BATCH_MAX });
    expect(() => writer.accountGone(0, 0)).toThrow(RangeError);
    expect(itemsIn(writer.batch(FEED_START, false))).toHaveLength(FEED_BATCH_MAX);
  });

  test('sends a text once, however many records hold it', () => {
    const [sampled] = fc.sample(key, 1);
    if (sampled === undefined) throw new Error('no sample');
    const { sealed: _, ...record } = sampled;
    const batch = batchOf(Array.from({ length: 100 }, (): Item => ({ kind: 'key', record })));
    expect(batch.strings).toEqual([record.profile]);
  });

  test('refuses a record of an unknown kind', () => {
    const batch = batchOf([{ kind: 'accountGone', api: 0, row: 1 }]);
    batch.numbers[0] = 9;
    expect(() => itemsIn(batch)).toThrow('unknown feed record kind 9');
  });
});

describe('a profile as text', () => {
  test('is the same text for the same rights in any order, and reads back', () => {
    const list = fc.array(fc.string(), { maxLength: 5 });
    const profile = fc.record(
      { tier: fc.string(), permissions: list, role: fc.string(), allowlist: list, limits: list },
      { requiredKeys: ['tier', 'permissions', 'role', 'limits'] },
    );
    fc.assert(
      fc.property(profile, (stored) => {
        const turned = {
          ...stored,
          permissions: stored.permissions.toReversed(),
          limits: stored.limits.toReversed(),
        };
        expect(toProfileText(turned)).toBe(toProfileText(stored));
        expect(toProfileText(fromProfileText(toProfileText(stored)))).toBe(toProfileText(stored));
      }),
    );
  });

  test('tells no allowlist from an empty one', () => {
    const none = { tier: '', permissions: [], role: '', limits: [] };
    expect(fromProfileText(toProfileText(none))).not.toHaveProperty('allowlist');
    expect(fromProfileText(toProfileText({ ...none, allowlist: [] })).allowlist).toEqual([]);
  });
});

test('an account id is what a header and a fixed record can carry', () => {
  expect(
    ['a', 'org_2aBc', 'a/b:c@d', 'x'.repeat(ACCOUNT_ID_LENGTH_MAX)].every((id) =>
      CARRIED_ACCOUNT_ID.test(id),
    ),
  ).toBe(true);
  const refused = ['', 'a b', 'é', 'a\n', 'a\0', 'x'.repeat(ACCOUNT_ID_LENGTH_MAX + 1)];
  expect(refused.filter((id) => CARRIED_ACCOUNT_ID.test(id))).toEqual([]);
});

function batchOf(items: readonly Item[]): FeedBatch {
  const writer = new FeedWriter();
  for (const one of items) {
    if (one.kind === 'account') writer.account(one.record);
    else if (one.kind === 'key') writer.key(one.record);
    else if (one.kind === 'accountGone') writer.accountGone(one.api, one.row);
    else if (one.kind === 'keyGone') writer.keyGone(one.api, one.digest);
    else if (one.kind === 'session') writer.session(one.record);
    else if (one.kind === 'sessionGone') writer.sessionGone(one.api, one.id);
    else if (one.kind === 'signingKey') writer.signingKey(one.record);
    else writer.signingKeyGone(one.api, one.kid);
  }
  return writer.batch(FEED_START, true);
}

function itemsIn(batch: FeedBatch): Item[] {
  const items: Item[] = [];
  const sink: FeedSink = {
    account: (record) => {
      items.push({ kind: 'account', record: { ...record, subject: record.subject.slice() } });
    },
    accountGone: (api, row) => {
      items.push({ kind: 'accountGone', api, row });
    },
    key: (record) => {
      items.push({
        kind: 'key',
        record: { ...record, id: record.id.slice(), digest: record.digest.slice() },
      });
    },
    keyGone: (api, digest) => {
      items.push({ kind: 'keyGone', api, digest: digest.slice() });
    },
    session: (record) => {
      items.push({
        kind: 'session',
        record: { ...record, id: record.id.slice(), keyId: record.keyId.slice() },
      });
    },
    sessionGone: (api, id) => {
      items.push({ kind: 'sessionGone', api, id: id.slice() });
    },
    signingKey: (record) => {
      items.push({ kind: 'signingKey', record });
    },
    signingKeyGone: (api, kid) => {
      items.push({ kind: 'signingKeyGone', api, kid });
    },
  };
  readFeed(batch, sink);
  return items;
}
