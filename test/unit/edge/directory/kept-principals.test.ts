import { describe, expect, test } from 'vitest';
import type { Principal } from '../../../../src/domain/principal.ts';
import { KeptPrincipals } from '../../../../src/edge/directory/kept-principals.ts';
import { DIGEST_WORDS } from '../../../../src/lib/key-digest.ts';

const API = 0;

describe('principals of busy keys', () => {
  test('are kept from the second time in a row on', () => {
    const kept = new KeptPrincipals();
    expect(use(kept, 1)).toBe('found');
    expect(use(kept, 1)).toBe('kept');
    expect(use(kept, 1)).toBe('remembered');
  });

  test('are not kept where another key comes between', () => {
    const kept = new KeptPrincipals();
    expect([use(kept, 1), use(kept, 2), use(kept, 1), use(kept, 2)]).toEqual(Array(4).fill('found'));
  });

  test('stay while their key comes, however often others come to their place', () => {
    const kept = new KeptPrincipals();
    for (const key of [1, 1]) use(kept, key);
    const uses = Array.from({ length: 20 }, () => [2, 2, 2, 2, 2, 2, 2, 1].map((key) => use(kept, key)));
    expect(uses.flat().filter((how) => how === 'kept')).toEqual([]);
    expect(uses.map((round) => round.at(-1))).toEqual(Array(20).fill('remembered'));
  });

  test('make room for one that comes eight times while theirs does not', () => {
    const kept = new KeptPrincipals();
    for (const key of [1, 1]) use(kept, key);
    expect(Array.from({ length: 9 }, () => use(kept, 2))).toEqual([
      ...Array<string>(7).fill('found'),
      'kept',
      'remembered',
    ]);
    expect(use(kept, 1)).toBe('found');
  });

  test('are of one API and of one digest alone, and of none once any of them may have changed', () => {
    const kept = new KeptPrincipals();
    for (const key of [1, 1]) use(kept, key);
    expect(kept.find(API + 1, digestOf(1))).toBeUndefined();
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      const other = digestOf(1);
      other[word] = (other[word] ?? 0) ^ 0x10000;
      expect(kept.find(API, other)).toBeUndefined();
    }
    expect(kept.find(API, digestOf(1))).toBeDefined();
    kept.clear();
    expect(kept.find(API, digestOf(1))).toBeUndefined();
  });
});

/** As a directory uses them: how the principal of a key was had. */
function use(kept: KeptPrincipals, key: number): string {
  if (kept.find(API, digestOf(key)) !== undefined) return 'remembered';
  return kept.offer(API, digestOf(key), principalOf(key)).kept === true ? 'kept' : 'found';
}

/** All keys come to one place. */
function digestOf(key: number): Int32Array {
  return Int32Array.of(1, 2, 3, 0, key, 6, 7, 8);
}

function principalOf(key: number): Principal {
  const subject = { word0: key, word1: 0, word2: 0 };
  return {
    credential: 'api_key',
    keyRow: key,
    keyId: `key_${key}`,
    expiresAtMs: Infinity,
    subject,
    profile: { tier: -1, permissions: new Set(), role: '', allowlist: undefined, limits: [] },
    account: {
      row: 1,
      id: 'account',
      tier: -1,
      standing: 'ok',
      billing: 'active',
      trialEndsMs: Infinity,
      subject,
    },
    kept: undefined,
  };
}
