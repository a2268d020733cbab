import { vi } from 'vitest';
import type * as FastCheck from 'fast-check';

/*
 * Runs before every test file: its properties draw the same examples each time, so that a test fails for what was changed and never for luck.
 * `PROPERTY_SEED=random npm test` looks further; a failure names its seed, which takes the word's place to see it again.
 */
const SEED = 1;

vi.mock('fast-check', async (importOriginal) => {
  const original = await importOriginal<typeof FastCheck>();
  const asked = process.env['PROPERTY_SEED'] ?? SEED;
  if (asked !== 'random') original.default.configureGlobal({ seed: toSeed(asked) });
  return original;
});

function toSeed(asked: string | number): number {
  const seed = Number(asked);
  if (!Number.isInteger(seed)) throw new Error('PROPERTY_SEED takes a whole number, or random');
  return seed;
}
