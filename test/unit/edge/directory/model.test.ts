import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toProfileText } from '../../../../src/domain/feed-records.ts';
import type { FeedSink } from '../../../../src/domain/feed-records.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import type { PackedDirectory } from '../../../../src/edge/directory/packed.ts';
import { KeySegment, NOT_FOUND } from '../../../../src/edge/directory/key-segment.ts';
import type { KeyHasher } from '../../../../src/lib/key-digest.ts';
import { accountRecord, batchesOf, createApi, keyRecord } from './world.ts';

/** A plain hash in place of the keyed one: the tables under test do not care where bits come from. */
const hasher: KeyHasher = {
  pepperIds: ['test'],
  digest(key, _pepperIndex, out) {
    const bytes = createHash('sha256').update(key).digest();
    for (let word = 0; word < 8; word += 1) out[word] = bytes.readInt32LE(4 * word);
  },
};
const apis = [0, 1].map((index) => createApi({ index, keys: { imports: true } }));
const API_MAX = apis.length - 1;
/** Far enough apart that accounts come to lie in several pages. */
const ROW_STEP = 37;

type Operation =
  | {
      readonly kind: 'key';
      readonly api: number;
      readonly key: number;
      readonly account: number;
      readonly role: number;
    }
  | { readonly kind: 'keyGone'; readonly api: number; readonly key: number }
  | { readonly kind: 'account'; readonly api: number; readonly row: number; readonly version: number }
  | { readonly kind: 'accountGone'; readonly api: number; readonly row: number };

/** What the directory promises, in the simplest words. */
class Model {
  readonly keys = new Map<string, { readonly account: number; readonly role: number }>();
  readonly accounts = new Map<number, { readonly api: number; readonly version: number }>();

  run(operation: Operation): void {
    if (operation.kind === 'key') this.keys.set(`${operation.api} ${operation.key}`, operation);
    else if (operation.kind === 'keyGone') this.keys.delete(`${operation.api} ${operation.key}`);
    else if (operation.kind === 'account') this.accounts.set(operation.row, operation);
    else if (this.accounts.get(operation.row)?.api === operation.api) this.accounts.delete(operation.row);
  }

  find(api: number, key: number): string {
    const known = this.keys.get(`${api} ${key}`);
    const account = known && this.accounts.get(known.account);
    return account?.api === api ? `${known?.role} org_${account.version}` : 'unknown';
  }
}

const operationsOn = (keyMax: number, rowMax: number): fc.Arbitrary<Operation> => {
  const api = fc.nat({ max: API_MAX });
  const key = fc.nat({ max: keyMax });
  const row = fc.nat({ max: rowMax }).map((step) => step * ROW_STEP);
  const version = fc.nat({ max: 3 });
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('key' as const), api, key, account: row, role: version }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('keyGone' as const), api, key }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('account' as const), api, row, version }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('accountGone' as const), api, row }) },
  );
};

describe('the packed directory', () => {
  test('answers as a plain map does after any sequence of changes, repeated changes included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(operationsOn(12, 5), { maxLength: 40, size: 'max' }), {
          maxLength: 4,
          size: 'max',
        }),
        (rounds) => {
          const model = new Model();
          const directory = createDirectory({ apis, hasher });
          for (const operations of rounds) {
            for (const operation of operations) model.run(operation);
            play(directory, [...operations, ...operations.slice(-1)]);
            // What is asked again and again is kept: asked three times, all that is known is kept when the next change comes.
            for (let time = 0; time < 3; time += 1) expectSame(directory, model, 12);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('answers as a plain map does while thousands of keys come and go and every segment grows', () => {
    const random = seededRandom(1);
    const model = new Model();
    const directory = createDirectory({ apis, hasher });
    for (const share of [0.9, 0.2, 0.9, 0.05]) {
      const operations = Array.from({ length: 12_000 }, () => randomOperation(random, share));
      for (const operation of operations) model.run(operation);
      play(directory, operations);
      expectSame(directory, model, KEYS);
    }
  });

  test('is empty again once everything has been removed', () => {
    const directory = createDirectory({ apis, hasher });
    const rows = Array.from({ length: 600 }, (_, index) => index * ROW_STEP);
    play(
      directory,
      rows.map((row): Operation => ({ kind: 'account', api: 0, row, version: 0 })),
    );
    play(
      directory,
      rows.map((key): Operation => ({ kind: 'key', api: 0, key, account: key, role: 0 })),
    );
    expect(directory).toMatchObject({ keyCount: 600, accountCount: 600 });
    play(
      directory,
      rows.map((key): Operation => ({ kind: 'keyGone', api: 0, key })),
    );
    play(
      directory,
      rows.map((row): Operation => ({ kind: 'accountGone', api: 0, row })),
    );
    expect(directory).toMatchObject({ keyCount: 0, accountCount: 0 });
  });
});

describe('a key segment', () => {
  test('answers as a map does where all places collide', () => {
    // Home slot and tag come from two or three values, so that runs are long and wrap around the end of the index.
    const digest = fc.tuple(fc.constantFrom(0, 6, 7), fc.constantFrom(0, 1 << 20), fc.nat({ max: 5 }));
    const step = fc.record({ add: fc.boolean(), digest });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const segment = new KeySegment();
        const model = new Map<string, number>();
        for (const [index, { add, digest: words }] of steps.entries()) {
          change(segment, model, {
            add,
            row: index,
            digest: Int32Array.of(0, words[0], words[1], words[2], 0, 0, 0, 0),
          });
          expect(segment.size).toBe(model.size);
          for (const [text, row] of model) expect(rowOf(segment, text)).toBe(row);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const KEYS = 6_000;
const ROWS = 700;

function randomOperation(random: () => number, share: number): Operation {
  const api = random() < 0.5 ? 0 : 1;
  const key = Math.floor(random() * KEYS);
  const row = Math.floor(random() * ROWS) * ROW_STEP;
  const role = Math.floor(random() * 4);
  if (random() < 0.1) {
    return random() < share
      ? { kind: 'account', api, row, version: role }
      : { kind: 'accountGone', api, row };
  }
  return random() < share ? { kind: 'key', api, key, account: row, role } : { kind: 'keyGone', api, key };
}

function play(directory: PackedDirectory, operations: readonly Operation[]): void {
  for (const batch of batchesOf(operations.map((operation) => (sink: FeedSink) => write(sink, operation)))) {
    directory.apply(batch);
  }
}

function write(sink: FeedSink, operation: Operation): void {
  const { api } = operation;
  if (operation.kind === 'account') {
    sink.account(accountRecord({ api, row: operation.row, id: `org_${operation.version}` }));
  } else if (operation.kind === 'accountGone') {
    sink.accountGone(api, operation.row);
  } else if (operation.kind === 'keyGone') {
    sink.keyGone(api, digestOfNumber(operation.key));
  } else {
    const profile = toProfileText({ tier: '', permissions: [], role: String(operation.role), limits: [] });
    sink.key(
      keyRecord({ api, accountRow: operation.account, digest: digestOfNumber(operation.key), profile }),
    );
  }
}

function digestOfNumber(key: number): Int32Array {
  const digest = new Int32Array(8);
  hasher.digest(nameOf(key), 0, digest);
  return digest;
}

function nameOf(key: number): string {
  return `imported-key-${key}`;
}

function expectSame(directory: PackedDirectory, model: Model, keyMax: number): void {
  const wrong: string[] = [];
  for (const api of apis) {
    for (let key = 0; key <= keyMax; key += 1) {
      const principal = directory.find(api, nameOf(key));
      const found = principal === undefined ? 'unknown' : `${principal.profile.role} ${principal.account.id}`;
      if (found !== model.find(api.index, key)) wrong.push(`${api.index} ${key}: ${found}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(directory).toMatchObject({ keyCount: model.keys.size, accountCount: model.accounts.size });
}

interface Change {
  readonly add: boolean;
  readonly row: number;
  readonly digest: Int32Array;
}

function change(segment: KeySegment, model: Map<string, number>, { add, row, digest }: Change): void {
  const known = segment.find(0, digest);
  if (add) {
    model.set(digest.join(), row);
    segment.write(known === NOT_FOUND ? segment.add(0, digest) : known, keyRecord({ row, digest }), 0);
  } else if (model.delete(digest.join())) {
    segment.remove(known);
  } else {
    expect(known).toBe(NOT_FOUND);
  }
}

function rowOf(segment: KeySegment, digestText: string): number {
  const record = segment.find(0, Int32Array.from(digestText.split(','), Number));
  return record === NOT_FOUND ? NOT_FOUND : segment.row(record);
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
