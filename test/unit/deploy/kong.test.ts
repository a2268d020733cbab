import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compile } from '../../../src/config/compile.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Api } from '../../../src/domain/policy.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'deploy/kong');
const readText = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const { document } = loadConfig({
  path: join(ROOT, 'config/tollgate.yaml'),
  readFile: (path) => readFileSync(path, 'utf8'),
  env: {},
  sets: [],
  nowMs: Date.UTC(2026, 10, 22),
});
const policy = compile(document);

interface Service {
  readonly name: string;
  readonly routes: readonly { readonly hosts: readonly string[]; readonly paths: readonly string[] }[];
  readonly plugins: readonly { readonly name: string; readonly config: Readonly<Record<string, string>> }[];
}

const { services } = parse(readText('kong.yml')) as { services: readonly Service[] };

/** The body of an API's outage, with the plugin's names where only the request knows. */
function outageBodyOf({ errors }: Api): string {
  const parts = errors.rows.unavailable.body;
  return parts.map((part) => (typeof part === 'string' ? part : `"$${part.hole}"`)).join('');
}

describe('the rockspec', () => {
  const rockspec = readText('kong-plugin-tollgate-0.1.0-1.rockspec');

  test('lists every file of the plugins, and no other', () => {
    const files = globSync('kong/plugins/**/*.lua', { cwd: FOLDER }).sort();
    const listed = [...rockspec.matchAll(/\["([\w.-]+)"\] = "([^"]+)"/g)].map(([, name = '', file = '']) => {
      expect(name).toBe(file.replace(/\.lua$/, '').replaceAll('/', '.'));
      return file;
    });
    expect(listed.sort()).toEqual(files);
    expect(files.length).toBeGreaterThanOrEqual(7);
  });

  test('has the version that the plugins say', () => {
    const [, version] = /^version = "(.+)-\d+"$/m.exec(rockspec) ?? [];
    for (const name of ['tollgate', 'tollgate-endpoint']) {
      expect(readText(`kong/plugins/${name}/handler.lua`)).toContain(`VERSION = "${version}"`);
    }
  });
});

describe('the recipe', () => {
  test.each(policy.apis.map((api) => [api.name, api] as const))(
    'has a checked service for %s, which refuses in its words while Tollgate is gone',
    (name, api) => {
      const service = services.find((candidate) => candidate.name === name);
      const hosts = [...policy.apiByHost].filter(([, other]) => other === api).map(([host]) => host);
      expect(service?.routes.map((route) => [route.hosts, route.paths])).toEqual([[hosts, ['/']]]);
      const plugin = service?.plugins.find((candidate) => candidate.name === 'tollgate');
      expect(plugin?.config).toMatchObject({ api: name, outage_body: outageBodyOf(api) });
      expect(api.errors.rows.unavailable).toMatchObject({ status: 503, contentType: 'application/json' });
    },
  );

  test('has no service without a plugin of ours', () => {
    const plain = services.filter(({ plugins }) => !plugins.some(({ name }) => name.startsWith('tollgate')));
    expect(plain.map(({ name }) => name)).toEqual([]);
  });

  test('holds no token', () => {
    const tokens = services.flatMap(({ plugins }) => plugins.map(({ config }) => config['token']));
    expect(new Set(tokens)).toEqual(new Set(['{vault://env/tollgate-gateway-token}']));
  });
});
