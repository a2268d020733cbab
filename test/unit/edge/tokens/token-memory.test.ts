import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenMemory } from '../../../../src/edge/tokens/token-memory.ts';
import type { Remembered } from '../../../../src/edge/tokens/token-memory.ts';

function rememberedAs(mark: number, nameLength: number, api: number): Remembered {
  return {
    api,
    kind: mark % 3,
    index: -1,
    keysVersion: mark,
    rights: mark + 1,
    subject: { word0: mark, word1: ~mark, word2: 2 ** 31 - 1 },
    accountSubject: { word0: 1, word1: 2, word2: -(2 ** 31) },
    notBeforeMs: mark + 0.5,
    expiresAtMs: 1.7e12 + mark,
    name: 'é'.repeat(nameLength),
    keyId: mark % 2 === 0 ? '' : `kid-${mark}`,
  };
}

describe('the memory of tokens', () => {
  test('knows each of the newest, whole, and of the oldest none, whatever their lengths', () => {
    const step = fc.record({
      token: fc.integer({ min: 0, max: 40 }),
      api: fc.integer({ min: 0, max: 2 }),
      nameLength: fc.integer({ min: 0, max: 90 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200, size: 'max' }),
        fc.integer({ min: 1, max: 20 }),
        (steps, tokensMax) => {
          const memory = new TokenMemory({ tokensMax, bytesMax: 2_048 });
          const newest: { readonly key: string; readonly remembered: Remembered; readonly token: string }[] =
            [];
          for (const [mark, { token, api, nameLength }] of steps.entries()) {
            const remembered = rememberedAs(mark, nameLength, api);
            memory.remember(`token-${token}`, remembered);
            newest.unshift({ key: `${api} ${token}`, remembered, token: `token-${token}` });
            expectKnown(memory, newest);
            expect(memory.size).toBeLessThanOrEqual(tokensMax);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  /** There is a number of newest tokens that are known, at least one; all before are not, unless they were remembered again. */
  function expectKnown(
    memory: TokenMemory,
    newest: readonly { readonly key: string; readonly remembered: Remembered; readonly token: string }[],
  ): void {
    const seen = new Set<string>();
    let known = true;
    for (const [age, { key, remembered, token }] of newest.entries()) {
      if (seen.has(key)) continue;
      seen.add(key);
      const found = memory.find(remembered.api, token);
      if (age === 0) expect(found).toEqual(remembered);
      if (found === undefined) known = false;
      else {
        expect(known).toBe(true);
        expect(found).toEqual(remembered);
      }
    }
  }

  test('holds as many as it says where they fit', () => {
    const memory = new TokenMemory({ tokensMax: 100, bytesMax: 16_384 });
    for (let mark = 0; mark < 1_000; mark += 1) memory.remember(`token-${mark}`, rememberedAs(mark, 8, 0));
    expect(memory.size).toBe(100);
    for (let mark = 900; mark < 1_000; mark += 1)
      expect(memory.find(0, `token-${mark}`)?.keysVersion).toBe(mark);
    expect(memory.find(0, 'token-899')).toBeUndefined();
  });

  test('knows a token under the API for which it was believed, and under no other', () => {
    const memory = new TokenMemory({ tokensMax: 10, bytesMax: 4_096 });
    memory.remember('token', rememberedAs(7, 3, 1));
    expect(memory.find(1, 'token')?.keysVersion).toBe(7);
    expect(memory.find(0, 'token')).toBeUndefined();
    expect(memory.find(2, 'token')).toBeUndefined();
  });

  test('does not remember what is larger than itself, and loses nothing over it', () => {
    const memory = new TokenMemory({ tokensMax: 10, bytesMax: 512 });
    memory.remember('small', rememberedAs(1, 3, 0));
    memory.remember('large', rememberedAs(2, 300, 0));
    memory.remember('larger', { ...rememberedAs(3, 0, 0), keyId: 'x'.repeat(70_000) });
    expect(memory.find(0, 'large')).toBeUndefined();
    expect(memory.find(0, 'larger')).toBeUndefined();
    expect(memory.find(0, 'small')?.keysVersion).toBe(1);
  });

  test('forgets all when it is cleared', () => {
    const memory = new TokenMemory({ tokensMax: 10, bytesMax: 4_096 });
    memory.remember('token', rememberedAs(7, 3, 1));
    memory.clear();
    expect(memory.find(1, 'token')).toBeUndefined();
    expect(memory.size).toBe(0);
    memory.remember('token', rememberedAs(8, 3, 1));
    expect(memory.find(1, 'token')?.keysVersion).toBe(8);
  });
});
