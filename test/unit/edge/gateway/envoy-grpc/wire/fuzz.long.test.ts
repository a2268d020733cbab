import { test } from 'vitest';
import { fuzz } from './fuzz.ts';

const INPUTS = 100_000;
/** Catches what hangs. */
const LIMIT_MS = 300_000;

test(
  'none of a hundred thousand altered connections makes an exception, an endless answer, or leaves anything behind',
  async () => {
    await fuzz(INPUTS, 2);
  },
  LIMIT_MS,
);
