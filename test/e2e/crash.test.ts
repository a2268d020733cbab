import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Place } from './tollgate-process.ts';
import { runCrashSeries } from './crash-series.ts';

/** `crash.long.test.ts` has two hundred and more. */
const KILLS = 10;

let place: Place;
beforeEach(() => (place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-crash-')) }));
afterEach(() => rmSync(place.folder, { recursive: true }));

test('ten kills at random points lose no credit, no grant, no key and no revocation', async () => {
  const summary = await runCrashSeries(place, KILLS);
  console.log('killed', summary);
  expect(summary.kills).toBe(KILLS);
  expect(summary.allowed).toBeGreaterThan(KILLS);
}, 120_000);
