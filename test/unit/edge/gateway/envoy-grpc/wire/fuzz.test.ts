import { test } from 'vitest';
import { fuzz } from './fuzz.ts';

/** The long suite tries twenty times as many. */
const INPUTS = 5_000;

test('no altered connection makes an exception, an endless answer, or leaves anything behind', async () => {
  await fuzz(INPUTS, 1);
});
