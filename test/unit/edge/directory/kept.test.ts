import { describe, expect, test } from 'vitest';
import { Kept, nameOfId } from '../../../../src/edge/directory/kept.ts';
import { DIGEST_WORDS } from '../../../../src/lib/key-digest.ts';

const API = 0;

interface Known {
  readonly key: number;
  readonly isKept: boolean;
}

function createKept(): Kept<Known> {
  return new Kept((known) => ({ ...known, isKept: true }));
}

describe('what is kept of busy keys and sessions', () => {
  test('are kept from the second time in a row on', () => {
    const kept = createKept();
    expect(use(kept, 1)).toBe('found');
    expect(use(kept, 1)).toBe('kept');
    expect(use(kept, 1)).toBe('remembered');
  });

  test('are not kept where another key comes between', () => {
    const kept = createKept();
    expect([use(kept, 1), use(kept, 2), use(kept, 1), use(kept, 2)]).toEqual(Array(4).fill('found'));
  });

  test('stay while their key comes, however often others come to their place', () => {
    const kept = createKept();
    for (const key of [1, 1]) use(kept, key);
    const uses = Array.from({ length: 20 }, () => [2, 2, 2, 2, 2, 2, 2, 1].map((key) => use(kept, key)));
    expect(uses.flat().filter((how) => how === 'kept')).toEqual([]);
    expect(uses.map((round) => round.at(-1))).toEqual(Array(20).fill('remembered'));
  });

  test('make room for one that comes eight times while theirs does not', () => {
    const kept = createKept();
    for (const key of [1, 1]) use(kept, key);
    expect(Array.from({ length: 9 }, () => use(kept, 2))).toEqual([
      ...Array<string>(7).fill('found'),
      'kept',
      'remembered',
    ]);
    expect(use(kept, 1)).toBe('found');
  });

  test('make room for none of many others that come once each', () => {
    const kept = createKept();
    for (const key of [1, 1]) use(kept, key);
    const others = Array.from({ length: 20 }, (_, index) => use(kept, 2 + index));
    expect(others).toEqual(Array(20).fill('found'));
    expect(use(kept, 1)).toBe('remembered');
  });

  test('are of one API and of one name alone, and of none once any of them may have changed', () => {
    const kept = createKept();
    for (const key of [1, 1]) use(kept, key);
    expect(kept.find(API + 1, nameOf(1))).toBeUndefined();
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      const other = nameOf(1);
      other[word] = (other[word] ?? 0) ^ 0x10000;
      expect(kept.find(API, other)).toBeUndefined();
    }
    expect(kept.find(API, nameOf(1))).toBeDefined();
    kept.clear();
    expect(kept.find(API, nameOf(1))).toBeUndefined();
  });

  test('are gone one by one, too, and nothing but the one that is named', () => {
    const kept = createKept();
    for (const key of [1, 1]) use(kept, key);
    kept.drop(API + 1, nameOf(1));
    kept.drop(API, nameOf(2));
    expect(kept.find(API, nameOf(1))).toBeDefined();
    kept.drop(API, nameOf(1));
    expect(kept.find(API, nameOf(1))).toBeUndefined();
  });

  test('are told apart by every word of an id', () => {
    const kept = createKept();
    const id = { word0: 1, word1: 2, word2: 3 };
    for (const isKept of [false, true])
      expect(kept.offer(API, nameOfId(id), { key: 1, isKept: false }).isKept).toBe(isKept);
    for (const word of ['word0', 'word1', 'word2'] as const) {
      expect(kept.find(API, nameOfId({ ...id, [word]: id[word] ^ 0x10000 }))).toBeUndefined();
    }
    expect(kept.find(API, nameOfId(id))).toBeDefined();
  });
});

/** As a directory uses them: how what a name stands for was had. */
function use(kept: Kept<Known>, key: number): string {
  if (kept.find(API, nameOf(key)) !== undefined) return 'remembered';
  return kept.offer(API, nameOf(key), { key, isKept: false }).isKept ? 'kept' : 'found';
}

/** All come to one place. */
function nameOf(key: number): Int32Array {
  return Int32Array.of(1, 2, 3, 0, key, 6, 7, 8);
}
