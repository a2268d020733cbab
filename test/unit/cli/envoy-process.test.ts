import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findEnvoy, startEnvoy } from '../../../src/cli/envoy-process.ts';
import { readFileSync } from 'node:fs';

const RECIPE = readFileSync(new URL('../../../envoy.yaml', import.meta.url), 'utf8');
const PORTS = { listen: 0, admin: 0, authz: 1, app: 1 };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-find-'));
  await mkdir(join(folder, 'cache', 'envoy', 'envoy', '_bin'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  for (const path of ['bin/envoy', 'chosen', 'cache/envoy/envoy/_bin/envoy']) {
    await writeFile(join(folder, path), '#!/bin/sh\necho "it says why: $SECRET" >&2\nexit 3\n');
    await chmod(join(folder, path), 0o755);
  }
  await writeFile(join(folder, 'not-executable'), '');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the binary is the chosen one, else the one on the PATH, else the one in the cache', async () => {
  const env = {
    ENVOY_BIN: join(folder, 'chosen'),
    PATH: `/nonexistent::${join(folder, 'bin')}`,
    TOLLGATE_CACHE: join(folder, 'cache'),
  };
  expect(await findEnvoy(env)).toBe(join(folder, 'chosen'));
  expect(await findEnvoy({ ...env, ENVOY_BIN: '' })).toBe(join(folder, 'bin/envoy'));
  expect(await findEnvoy({ TOLLGATE_CACHE: env.TOLLGATE_CACHE })).toBe(
    join(folder, 'cache/envoy/envoy/_bin/envoy'),
  );
});

test('a chosen binary that cannot be run is not silently replaced by another', async () => {
  const env = { PATH: join(folder, 'bin'), TOLLGATE_CACHE: join(folder, 'cache') };
  expect(await findEnvoy({ ...env, ENVOY_BIN: join(folder, 'not-executable') })).toBeUndefined();
});

test('a binary that ends at once is told with its own words, and sees nothing of our environment', async () => {
  process.env['SECRET'] = 'hunter2';
  const binary = join(folder, 'chosen');
  const start = startEnvoy({ binary, recipe: RECIPE, ports: PORTS });
  await expect(start).rejects.toThrow(/^Envoy ended \(3\)\nit says why:$/);
  delete process.env['SECRET'];
});

test('a binary that is not there is told', async () => {
  const start = startEnvoy({ binary: join(folder, 'nowhere'), recipe: RECIPE, ports: PORTS });
  await expect(start).rejects.toThrow(/^Envoy could not be started: /);
});
