import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Who may import whom: the table of src/README.md, executed. The rule with the longest matching `part` holds. */
interface Rule {
  readonly part: string;
  /** Folders (ending in /) and files of src, besides the part itself. */
  readonly may: readonly string[];
  readonly packages?: readonly string[];
  readonly node?: readonly string[];
  /** Text that must not stand in the code. */
  readonly never?: readonly RegExp[];
}

const PURE = [
  /\bDate\.now\b/,
  /(?<![-\w])process\./,
  /\bconsole\b/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bnew Date\(\)/,
];
const NO_WORLD = [/(?<![-\w])process\b(?!-)/, /\bconsole\b/];
const SYNC = [/\basync\b/, /\bawait\b/, /\bPromise\b/];

const GRPC = ['@grpc/grpc-js', '@envoyproxy/ext-authz-types', '@envoyproxy/ext-authz-types/health'];

/** What the composition root joins: all but the command line. */
const BUILT = ['threads/', 'edge/', 'hub/', 'link/', 'config/', 'telemetry/', 'domain/', 'ports.ts', 'lib/'];

const RULES: readonly Rule[] = [
  { part: 'domain/', may: [], never: PURE },
  {
    part: 'lib/',
    may: [],
    node: ['crypto', 'net', 'zlib', 'buffer'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'lib/listener/',
    may: ['lib/'],
    node: ['dns/promises', 'fs/promises', 'http', 'net', 'path', 'tls'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  { part: 'ports.ts', may: ['domain/'] },
  { part: 'edge/pipeline/', may: ['domain/', 'ports.ts', 'lib/'], never: PURE },
  { part: 'edge/render/', may: ['domain/', 'lib/'], never: [...PURE, ...SYNC] },
  { part: 'edge/answer.ts', may: ['edge/pipeline/', 'edge/render/', 'domain/', 'ports.ts'], never: PURE },
  {
    part: 'edge/endpoints.ts',
    may: ['edge/answer.ts', 'edge/pipeline/', 'edge/render/', 'domain/', 'ports.ts'],
    never: [...PURE, ...SYNC],
  },
  { part: 'edge/report/', may: ['domain/', 'ports.ts'], never: PURE },
  {
    part: 'edge/gateway/envoy-grpc/wire/',
    may: [
      'domain/',
      'lib/',
      'edge/gateway/envoy-grpc/transport.ts',
      'edge/gateway/envoy-grpc/limits.ts',
      'edge/gateway/envoy-grpc/grpc-error.ts',
    ],
    node: ['stream'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'edge/gateway/envoy-grpc/',
    may: ['domain/', 'lib/'],
    packages: [...GRPC, '@bufbuild/protobuf'],
    node: ['fs/promises', 'net', 'tls', 'dns/promises', 'path', 'buffer'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'edge/gateway/http/',
    may: ['domain/', 'lib/'],
    node: ['crypto', 'http', 'https', 'tls', 'buffer'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  ...['envoy-http', 'forward-auth', 'kong', 'nginx'].map((dialect): Rule => ({
    part: `edge/gateway/${dialect}/`,
    may: ['domain/', 'lib/', 'edge/gateway/http/'],
    never: PURE,
  })),
  { part: 'edge/directory/', may: ['ports.ts', 'domain/', 'lib/'], node: ['crypto'], never: PURE },
  { part: 'edge/counters/', may: ['ports.ts', 'domain/', 'lib/'], node: ['crypto'], never: PURE },
  { part: 'edge/repeats/', may: ['ports.ts', 'domain/', 'lib/'], node: ['crypto'], never: PURE },
  {
    part: 'edge/tokens/',
    may: ['ports.ts', 'domain/', 'lib/'],
    node: ['crypto', 'http', 'https', 'dns', 'net', 'buffer'],
    never: PURE,
  },
  {
    part: 'hub/store/',
    may: ['ports.ts', 'domain/', 'lib/'],
    packages: ['kysely', 'kysely/migration'],
    node: ['sqlite', 'crypto', 'fs', 'path'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'hub/operations/',
    may: [
      'ports.ts',
      'domain/',
      'lib/',
      'hub/store/store.ts',
      'hub/store/accounts.ts',
      'hub/store/keys.ts',
      'hub/store/audit.ts',
      'hub/store/operators.ts',
      'hub/store/sessions.ts',
      'hub/store/balance.ts',
      'hub/sessions/signing-keys.ts',
      'hub/sessions/signing-plan.ts',
    ],
    node: ['crypto'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'hub/sessions/',
    may: [
      'ports.ts',
      'domain/',
      'lib/',
      'hub/store/store.ts',
      'hub/store/accounts.ts',
      'hub/store/keys.ts',
      'hub/store/audit.ts',
      'hub/store/sessions.ts',
    ],
    packages: ['jose'],
    node: ['crypto'],
    never: PURE,
  },
  {
    part: 'hub/control/',
    may: ['ports.ts', 'domain/', 'lib/', 'hub/http/'],
    node: ['http', 'fs/promises', 'net', 'os', 'path', 'buffer'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'hub/http/',
    may: ['domain/', 'lib/'],
    node: ['http'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'hub/public/',
    may: ['ports.ts', 'domain/', 'lib/', 'hub/http/', 'hub/sessions/engine.ts'],
    node: ['http', 'buffer'],
    never: PURE,
  },
  {
    part: 'hub/admin/',
    may: ['ports.ts', 'domain/', 'lib/', 'hub/http/'],
    packages: ['express', 'zod'],
    node: ['http'],
    never: PURE,
  },
  { part: 'link/', may: ['ports.ts', 'domain/'], node: ['worker_threads'], never: PURE },
  {
    part: 'config/',
    may: ['domain/', 'lib/', 'edge/render/', 'edge/gateway/envoy-grpc/limits.ts'],
    packages: ['yaml', 'zod'],
    node: ['path'],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'telemetry/',
    may: ['domain/', 'ports.ts', 'lib/'],
    packages: ['pino', 'prom-client'],
    node: ['crypto', 'http', 'perf_hooks', 'v8'],
    never: [/\bconsole\b/],
  },
  {
    part: 'cli/',
    may: ['app.ts', 'config/', 'domain/', 'ports.ts', 'lib/'],
    // The demo asks over gRPC itself where there is no Envoy to ask through.
    packages: ['commander', 'yaml', '@envoyproxy/ext-authz-types'],
    node: [
      'child_process',
      'fs',
      'fs/promises',
      'http',
      'http2',
      'net',
      'os',
      'path',
      'readline',
      'stream',
      'timers/promises',
      'url',
      'util',
    ],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'cli/conformance/',
    may: ['cli/', 'app.ts', 'domain/', 'ports.ts', 'lib/'],
    // Its language of cases has a schema; its cases are signed, hashed and sent for real.
    packages: ['yaml', 'zod'],
    node: [
      'crypto',
      'fs',
      'fs/promises',
      'http',
      'http2',
      'net',
      'os',
      'path',
      'timers/promises',
      'tls',
      'url',
      'zlib',
    ],
    never: [/(?<![-\w])process\./, /\bconsole\b/],
  },
  {
    part: 'compose/',
    may: [...BUILT],
    node: ['worker_threads', 'fs', 'fs/promises', 'path'],
    never: NO_WORLD,
  },
  { part: 'threads/', may: [...BUILT, 'compose/'], node: ['worker_threads', 'crypto'], never: NO_WORLD },
  { part: 'app.ts', may: [...BUILT, 'compose/'], node: ['crypto'], never: NO_WORLD },
  { part: 'main.ts', may: ['app.ts', 'cli/'], node: ['process', 'url', 'path'] },
];

/** What the name of a generated or foreign file is: not ours to judge. */
const GENERATED = /\/generated\//;

interface Source {
  readonly path: string;
  readonly code: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = globSync('src/**/*.{ts,tsx}', { cwd: ROOT })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !GENERATED.test(path))
  .map((path) => readSource(path));

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
  const found = code.matchAll(
    /^(?:import|export)\b[^;'=]*?\bfrom '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm,
  );
  return {
    path: relative('src', path),
    code,
    imports: [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? ''),
  };
}

function ruleOf(path: string): Rule | undefined {
  const matching = RULES.filter((rule) => path.startsWith(rule.part));
  return matching.sort((a, b) => b.part.length - a.part.length)[0];
}

function offence(source: Source, rule: Rule, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) {
    return rule.node?.includes(specifier.slice('node:'.length))
      ? undefined
      : `${source.path} imports ${specifier}`;
  }
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(dirname(source.path), specifier));
    const allowed = [rule.part, ...rule.may].some((part) => target.startsWith(part));
    return allowed ? undefined : `${source.path} imports src/${target}`;
  }
  return rule.packages?.includes(specifier) ? undefined : `${source.path} imports package ${specifier}`;
}

describe('the import table', () => {
  test('covers every file of src', () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(sources.filter(({ path }) => ruleOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  test('is kept by every import', () => {
    const offences = sources.flatMap((source) => {
      const rule = ruleOf(source.path);
      return rule === undefined ? [] : source.imports.map((specifier) => offence(source, rule, specifier));
    });
    expect(offences.filter((text) => text !== undefined)).toEqual([]);
  });

  test('nothing pure asks for time, randomness, the process or a console', () => {
    const offences = sources.flatMap(({ path, code }) =>
      (ruleOf(path)?.never ?? []).filter((word) => word.test(code)).map((word) => `${path}: ${word.source}`),
    );
    expect(offences).toEqual([]);
  });

  test('only main.ts names the process', () => {
    const naming = sources.filter(
      ({ path, code }) => path !== 'main.ts' && /\bprocess\.(?:env|argv|exit|std|on)\b/.test(code),
    );
    expect(naming.map(({ path }) => path)).toEqual([]);
  });

  test('a package is imported from one folder alone', () => {
    const home = new Map<string, Set<string>>();
    for (const { path, imports } of sources) {
      for (const specifier of imports) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
        const part = ruleOf(path)?.part ?? path;
        home.set(specifier, (home.get(specifier) ?? new Set()).add(part));
      }
    }
    // The demo reads the gateway's recipe, and asks as a gateway would where there is none.
    const demo = ['yaml', '@envoyproxy/ext-authz-types'];
    // Whatever strangers write is judged by schemas: files and requests of operators.
    const exempt = new Set([...demo, 'zod']);
    const shared = [...home].filter(([name, parts]) => parts.size > 1 && !exempt.has(name));
    expect(shared.map(([name, parts]) => `${name}: ${[...parts].join(', ')}`)).toEqual([]);
  });
});

describe('the decision path', () => {
  test('names no API of the configuration', () => {
    const names = globSync('config/apis/*.yaml', { cwd: ROOT }).map((path) => posix.basename(path, '.yaml'));
    expect(names.length).toBeGreaterThanOrEqual(5);
    const word = new RegExp(`\\b(?:${names.join('|')})\\b`, 'i');
    // Help texts and the demo show examples; nothing that decides does.
    const naming = sources.filter(({ path, code }) => !path.startsWith('cli/') && word.test(code));
    expect(naming.map(({ path }) => path)).toEqual([]);
  });

  test('asks five port methods that may have to wait, and nothing else', () => {
    const asked = sources
      .filter(({ path }) => path.startsWith('edge/pipeline/'))
      .flatMap(({ code }) => [...code.matchAll(/attempt(?:Then)?\(\(\) =>\s*(?:andThen\()?([\w.]+)/g)])
      .map((match) => (match[1] ?? '').replace('ports.', ''));
    expect(asked.sort()).toEqual([
      'counters.giveBack',
      'counters.peek',
      'counters.take',
      'credits.charge',
      'tokens.verify',
    ]);
  });
});

describe('the tree', () => {
  test('has the fixed top level', () => {
    const tracked = globSync('*', { cwd: ROOT }).filter(
      (name) => !['node_modules', 'var', 'coverage'].includes(name),
    );
    const allowed = new Set(
      'src config deploy test envoy.yaml docker-compose.yml package.json package-lock.json tsconfig.json README.md LICENSE CHANGELOG.md'.split(
        ' ',
      ),
    );
    expect(tracked.filter((name) => !name.startsWith('.') && !allowed.has(name))).toEqual([]);
  });
});
