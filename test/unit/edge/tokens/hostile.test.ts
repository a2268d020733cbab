import { describe, expect, test } from 'vitest';
import { hostileTokens } from './hostile.ts';
import { createTokenWorld } from './world.ts';

const HOSTILE = hostileTokens();

describe('a hostile token', () => {
  const world = createTokenWorld();

  test('stands in a collection without repetitions', () => {
    expect(HOSTILE.length).toBeGreaterThan(900);
    expect(new Set(HOSTILE.map(({ name }) => name)).size).toBe(HOSTILE.length);
  });

  test.each(HOSTILE)('$name: $fault', async ({ token, fault }) => {
    expect(await world.verify(token)).toBe(fault);
  });
});
