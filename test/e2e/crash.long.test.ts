import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Place } from './tollgate-process.ts';
import { runCrashSeries } from './crash-series.ts';

const KILLS = 200;
/** Catches what hangs: a machine with nothing else to do needs a third of it. */
const LIMIT_MS = 900_000;

let place: Place;
beforeEach(() => (place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-crash-')) }));
afterEach(() => rmSync(place.folder, { recursive: true }));

test(
  'two hundred kills at random points, on one database, lose no credit, no grant, no key and no revocation',
  async () => {
    const startedMs = performance.now();
    const summary = await runCrashSeries(place, KILLS);
    console.log('killed', summary, `in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
    expect(summary.kills).toBe(KILLS);
    expect(summary.allowed).toBeGreaterThan(KILLS);
    expect(summary.grants).toBeGreaterThan(KILLS);
    expect(summary.keptUses).toBeGreaterThan(KILLS);
  },
  LIMIT_MS,
);
