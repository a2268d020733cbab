import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderRecipe } from '../../../src/cli/envoy-recipe.ts';

const RECIPE = readFileSync(new URL('../../../envoy.yaml', import.meta.url), 'utf8');
const CHANGES = { ports: { listen: 1, admin: 2, authz: 3, app: 4, public: 5 }, accessLogPath: '/tmp/log' };

/** Every scalar of a document by its path. */
function flatten(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  const inner = Object.entries(value).map(([key, part]) => flatten(part, `${path}/${key}`));
  return new Map(inner.flatMap((scalars) => scalars.entries().toArray()));
}

function clusterPort(index: number): string {
  const endpoint = 'load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value';
  return `/static_resources/clusters/${index}/${endpoint}`;
}

test('ports and access log are replaced and nothing else', () => {
  const before = flatten(parse(RECIPE));
  const after = flatten(parse(renderRecipe(RECIPE, CHANGES)));
  const changed = [...after].filter(([path, value]) => before.get(path) !== value);
  const log = '/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/access_log/0';
  expect(new Map(changed)).toEqual(
    new Map<string, unknown>([
      ['/admin/address/socket_address/port_value', 2],
      ['/static_resources/listeners/0/address/socket_address/port_value', 1],
      [clusterPort(0), 3],
      [clusterPort(1), 4],
      [clusterPort(2), 5],
      [`${log}/name`, 'envoy.access_loggers.file'],
      [
        `${log}/typed_config/@type`,
        'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      ],
      [`${log}/typed_config/path`, '/tmp/log'],
    ]),
  );
  expect([...before.keys()].filter((path) => !after.has(path))).toEqual([]);
});

test.each([
  ['no YAML', 'admin: [', 'envoy.yaml: '],
  ['no admin address', RECIPE.replace('admin:', 'adm:'), 'envoy.yaml: nothing at admin.address'],
  ['no such cluster', RECIPE.replaceAll('name: authz', 'name: other'), 'envoy.yaml: no cluster authz'],
])('%s is refused by name', (_name, text, message) => {
  expect(() => renderRecipe(text, CHANGES)).toThrow(message);
});

test('the ports of the recipe are those of the documentation', () => {
  const ports = [...flatten(parse(RECIPE))].filter(([path]) => path.endsWith('/port_value'));
  expect(ports.map(([, port]) => port)).toEqual([9901, 10000, 9000, 8082, 8080]);
});

interface ApiFile {
  readonly api: string;
  readonly hosts: readonly string[];
  readonly errors: { readonly unavailable: { readonly code?: string; readonly message: string } };
}

interface Mapper {
  readonly filter: unknown;
  readonly body_format_override: { readonly text_format_source: { readonly inline_string: string } };
}

const APIS = globSync('*.yaml', { cwd: fileURLToPath(new URL('../../../config/apis', import.meta.url)) });
const MANAGER = ['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0, 'typed_config'];

test.each(APIS)('the API of %s has its hosts, its name and its words for an outage in the recipe', (file) => {
  const text = readFileSync(new URL(`../../../config/apis/${file}`, import.meta.url), 'utf8');
  const { api, hosts, errors } = parse(text) as ApiFile;
  const recipe = parse(RECIPE) as object;
  const virtualHosts = at(recipe, [...MANAGER, 'route_config', 'virtual_hosts']) as { name: string }[];
  const scalars = flatten(virtualHosts.find(({ name }) => name === api));
  expect([...scalars].filter(([path]) => path.startsWith('/domains/')).map(([, host]) => host)).toEqual(
    hosts,
  );
  expect([...scalars].find(([path]) => path.endsWith('/context_extensions/api'))?.[1]).toBe(api);
  const mappers = at(recipe, [...MANAGER, 'local_reply_config', 'mappers']) as Mapper[];
  for (const host of hosts) {
    const mapper = mappers.find(({ filter }) => [...flatten(filter).values()].includes(host));
    const body = flatten(
      JSON.parse(mapper?.body_format_override.text_format_source.inline_string ?? 'null') as unknown,
    );
    const { code, message } = errors.unavailable;
    expect([...body.values()]).toEqual(
      expect.arrayContaining([message, ...(code === undefined ? [503] : [code])]),
    );
  }
});

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((inner: unknown, key) => (inner as Record<string | number, unknown>)[key], value);
}
