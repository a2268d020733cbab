import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOCUMENTED, publicAddressOf, startCaseApp, WORKSHOP } from './app.ts';
import type { CaseApp } from './app.ts';
import { findLeaks, watchKeys } from './canary.ts';
import type { WatchedOperations } from './canary.ts';
import { TABLE_START_MS } from '../../src/cli/conformance/table/case-world.ts';
import { createInProcessClient } from './in-process.ts';
import { CASES, loadCases } from '../../src/cli/conformance/table/load.ts';
import type { LoadedCase } from '../../src/cli/conformance/table/load.ts';
import { runCase } from '../../src/cli/conformance/table/run.ts';
import type { Way } from '../../src/cli/conformance/table/run.ts';

const documented = loadCases(CASES);
const workshop = loadCases(new URL('workshop/', import.meta.url));

describe('the table of cases', () => {
  test('has at least 550 cases of documented APIs, each with a name of its own', () => {
    const titles = new Set([...documented, ...workshop].map(({ title }) => title));
    expect(titles.size).toBe(documented.length + workshop.length);
    expect(documented.length).toBeGreaterThanOrEqual(550);
  });

  test('speaks of every documented API', () => {
    const apis = new Set(documented.map(({ file }) => file.api));
    expect([...apis].sort()).toEqual(['autype', 'clary', 'freddy', 'trackyard', 'truedy']);
  });
});

describe('documented APIs, in process', () => runAll(documented, DOCUMENTED));
describe('what they leave unused, in process', () => runAll(workshop, WORKSHOP));

function runAll(cases: readonly LoadedCase[], config: string): void {
  let started: CaseApp;
  let way: Way;
  let watched: WatchedOperations;

  beforeAll(async () => {
    started = await startCaseApp(config, TABLE_START_MS);
    const { app, clock, requestIds } = started;
    if (app.answer === undefined) throw new Error('the app has no edge in this thread');
    const client = createInProcessClient(app.answer, requestIds);
    watched = watchKeys(app.operations);
    const publicAddress = publicAddressOf(app);
    const { operations, onToken } = watched;
    way = { name: 'in process', client, operations, clock, publicAddress, onToken };
  });

  afterAll(async () => started.stop());

  test.each(cases.map((loaded) => [loaded.title, loaded] as const))('%s', async (_, loaded) => {
    expect(await runCase(loaded, way)).toEqual([]);
  });

  test('no case caused an outage or a bug', () => {
    expect(started.errors).toEqual([]);
  });

  test('no key of any case stands in the log or in the database', async () => {
    expect(watched.keys.size).toBeGreaterThan(20);
    expect(await findLeaks(watched.keys, started.folder, started.logged)).toEqual([]);
    const planted = [...watched.keys].slice(0, 1).map((key) => `planted ${key}`);
    expect(await findLeaks(watched.keys, started.folder, planted)).toHaveLength(1);
  });
}
