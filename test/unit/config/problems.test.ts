import { describe, expect, test } from 'vitest';
import { ConfigProblems, PROBLEMS_MAX } from '../../../src/config/problems.ts';
import { API, change, KEY, load, problemsOf, SERVER } from './world.ts';

const FILE = 'config/apis/one.yaml';
const PEPPER = Buffer.alloc(32, 7).toString('base64');

/** One place of the API's file, what is written there instead, and what is said of it. */
const BROKEN_APIS: readonly (readonly [from: string, to: string, ...problems: string[]])[] = [
  [
    'hosts:',
    'host:',
    '1:1: hosts: is missing; expected a list',
    '2:1: host: unknown key; did you mean hosts?',
  ],
  [
    'api: one',
    'api: One',
    '1:6: api: found "One"; expected a name: a small letter, then at most 31 of a-z 0-9 -',
  ],
  [
    '[one.example]',
    '[one.example, ONE.example]',
    '2:22: hosts[1]: found "ONE.example"; stands in this list already',
  ],
  [
    '[one.example]',
    '["one.example:80"]',
    '2:9: hosts[0]: found "one.example:80"; expected a host name without port and trailing dot',
  ],
  [
    '[one.example]',
    '["*.example"]',
    '2:9: hosts[0]: found "*.example"; expected a host name without port and trailing dot',
  ],
  ['[one.example]', '[]', '2:8: hosts: found a list; expected at least 1 entries'],
  [
    'prefix: one_',
    'prefix: one',
    '3:17: keys.prefix: found "one"; expected a prefix such as ty_: letters, digits and _, ending in _',
  ],
  ['roles: [admin]', 'roles: admin', '5:8: roles: found "admin"; expected a list'],
  [
    'default_tier: free',
    'default_tier: fre',
    '6:15: default_tier: fre is not among the tiers; did you mean free?',
  ],
  ['default_tier: free\n', '', '1:1: default_tier: is missing; expected one of free, pro'],
  [
    'default_tier: free',
    'default_tier: free\nlimits: { key: [1/day] }',
    '7:1: limits: an API with tiers gives this inside each tier',
  ],
  [
    '10/minute',
    '10/minutes',
    '8:27: tiers.free.limits.key[0]: found "10/minutes"; expected a limit such as 10/minute, 1000/day or 20/15m (1 to 1000000000, 1 s to 31 d)',
  ],
  [
    '10/minute',
    '0/minute',
    '8:27: tiers.free.limits.key[0]: found "0/minute"; expected a limit such as 10/minute, 1000/day or 20/15m (1 to 1000000000, 1 s to 31 d)',
  ],
  [
    '10/minute',
    '10/minute, 20/60s',
    '8:38: tiers.free.limits.key[1]: found "20/60s"; this window has a limit already',
  ],
  [
    '  pro: {',
    '  1pro: {',
    '9:3: tiers.1pro: found the key 1pro; expected a name: a small letter, then at most 63 of a-z 0-9 _ . : -',
  ],
  [
    'path: /v1',
    'path: /v1/',
    '11:11: areas[0].path: found "/v1/"; expected a literal path such as /api/v1 of letters, digits and . _ ~ -, without trailing slash, or / for the whole host',
  ],
  [
    'path: /v1',
    'path: /a/../v1',
    '11:11: areas[0].path: found "/a/../v1"; expected a literal path such as /api/v1 of letters, digits and . _ ~ -, without trailing slash, or / for the whole host',
  ],
  [
    'path: /v1',
    'path: /%76',
    '11:11: areas[0].path: found "/%76"; expected a literal path such as /api/v1 of letters, digits and . _ ~ -, without trailing slash, or / for the whole host',
  ],
  [
    'challenge: Bearer realm="one"',
    'challenge: "a\\r\\nb"',
    '12:16: areas[0].challenge: found "a\\r\\nb"; expected a header value: visible ASCII, blanks only inside',
  ],
  [
    'header: Authorization',
    'header: x_api_key',
    '14:28: areas[0].credentials[0].api_key.header: found "x_api_key"; expected a header name of letters, digits and -',
  ],
  [
    'header: Authorization',
    'header: Host',
    '14:28: areas[0].credentials[0].api_key.header: found "Host"; expected a header of your own: this one belongs to HTTP or to the gateway',
  ],
  [
    '- api_key:',
    '- { }\n      - api_key:',
    '14:9: areas[0].credentials[0]: expected exactly one of api_key, jwt',
  ],
  [
    '- api_key:',
    '- api_key: { header: authorization }\n      - api_key:',
    '15:9: areas[0].credentials[1]: this header holds an api_key already',
  ],
  [
    '- api_key:',
    '- jwt: { header: authorization }\n      - api_key:',
    '15:9: areas[0].credentials[1]: kinds of credentials that share a header share its scheme',
  ],
  [
    'path: /**,',
    'path: /a*,',
    '16:17: areas[0].routes[0].path: found "/a*"; expected a path below the area: /literal segments, * for one whole segment, ** last for the rest, no trailing slash, letters, digits and . _ ~ - alone',
  ],
  [
    'path: /**,',
    'path: /docs:export,',
    '16:17: areas[0].routes[0].path: found "/docs:export"; expected a path below the area: /literal segments, * for one whole segment, ** last for the rest, no trailing slash, letters, digits and . _ ~ - alone',
  ],
  [
    'path: /**,',
    'path: /**/a,',
    '16:17: areas[0].routes[0].path: found "/**/a"; expected a path below the area: /literal segments, * for one whole segment, ** last for the rest, no trailing slash, letters, digits and . _ ~ - alone',
  ],
  [
    'path: /**,',
    'path: /**, methd: GET,',
    '16:22: areas[0].routes[0].methd: unknown key; did you mean method?',
  ],
  [
    'path: /**,',
    'path: /**, method: HEAD,',
    '16:30: areas[0].routes[0].method: found "HEAD"; HEAD is judged as GET: write GET',
  ],
  ['credits: 1', 'credits: -1', '16:31: areas[0].routes[0].credits: found "-1"; expected at least 0'],
  ['credits: 1', 'credits: 1.5', '16:31: areas[0].routes[0].credits: found "1.5"; expected a whole number'],
  [
    'permission: read',
    'permission: raed',
    '16:55: areas[0].routes[0].needs.permission: raed is not among the permissions; did you mean read?',
  ],
  ['role: admin', 'role: owner', '16:67: areas[0].routes[0].needs.role: owner is not among the roles: admin'],
  [
    'feature: exports',
    'feature: export',
    '16:83: areas[0].routes[0].needs.feature: export is not among the features of any tier; did you mean exports?',
  ],
  [
    '      - { path: /**,',
    '      - { path: /** }\n      - { path: /**,',
    '17:9: areas[0].routes[1]: a route above has this method and path already',
  ],
  [
    'message: $message,',
    'message: $mesage,',
    '18:42: errors.body.error.message: $mesage is not known here; one of $code, $message, $status, $details, $request_id, $ts, $retry_after_seconds ($$ begins a plain $)',
  ],
  [
    'message: $message,',
    'message: .inf,',
    '18:42: errors.body.error.message: JSON has no infinity and no NaN',
  ],
  [
    'message: $message,',
    '7: $message,',
    '18:36: errors.body.error.7: a member named by digits alone cannot keep its place',
  ],
  [
    '  not_found: { code: nope, message: Nope }\n',
    '',
    '17:1: errors.not_found: is missing: the API can refuse with it; give it a message, or `same_as` another row',
  ],
  ['  not_found: {', '  not_fuond: {', '20:3: errors.not_fuond: unknown key; did you mean not_found?'],
  ['{ code: nope, message: Nope }', '{ code: nope }', '20:14: errors.not_found: message is missing'],
  [
    '{ code: nope, message: Nope }',
    '{ message: Nope }',
    '20:14: errors.not_found: code is missing: the body shows $code',
  ],
  [
    'message: Nope }',
    'message: Nope, status: 200 }',
    '20:51: errors.not_found.status: found "200"; expected at least 400',
  ],
  [
    'message: Nope }',
    'message: "No\\npe" }',
    '20:37: errors.not_found.message: found "No\\npe"; expected text without control characters',
  ],
  [
    'message: Nope }',
    'message: Nope, details: { a: $details } }',
    '20:57: errors.not_found.details.a: $details is not known here; one of $code, $message, $status, $request_id, $ts, $retry_after_seconds ($$ begins a plain $)',
  ],
  [
    'feature_missing: { same_as: permission_missing }',
    'feature_missing: { same_as: role_missing }',
    '26:31: errors.feature_missing.same_as: role_missing is itself the same as another row: name that one',
  ],
  [
    'feature_missing: { same_as: permission_missing }',
    'feature_missing: { same_as: trial_expired }',
    '26:31: errors.feature_missing.same_as: there is no row trial_expired',
  ],
];

describe('a broken API file is reported with line, column, key, what was found and what was meant', () => {
  for (const [from, to, ...expected] of BROKEN_APIS) {
    test(`${from.trim()} → ${to.trim()}`, () => {
      const found = problemsOf({ api: change(API, from, to) });
      expect(found).toEqual(expected.map((problem) => `${FILE}:${problem}`));
    });
  }

  test('a value outside a closed list is told with the whole list', () => {
    const [problem = ''] = problemsOf({ api: `${API}on_outage: { limits: alow }\n` });
    expect(problem).toBe(`${FILE}:33:22: on_outage.limits: found "alow"; expected one of deny, allow`);
  });

  test('details that the body never shows are a mistake', () => {
    const api = change(
      change(API, ', details: $details }', ' }'),
      'message: Nope }',
      'message: Nope, details: { a: 1 } }',
    );
    expect(problemsOf({ api })).toEqual([
      `${FILE}:20:43: errors.not_found.details: never shown: the body has no $details`,
    ]);
  });
});

/** Lines added to the API's file, whose own end at line 32, and what is said of them. */
const BROKEN_ADDITIONS: readonly (readonly [lines: string, ...problems: string[]])[] = [
  [
    'client_address: { from: header }',
    '33:17: client_address: found a section; header is given with from: header, and only there',
  ],
  [
    'client_address: { from: forwarded_for }',
    '33:17: client_address: found a section; trusted_hops is given with from: forwarded_for, and only there',
  ],
  ['limit_headers: [ietf, x]', '33:23: limit_headers[1]: found "x"; expected one of x-ratelimit, ietf'],
  [
    'upstream: { set: { x-a: $account } }',
    '33:25: upstream.set.x-a: found "$account"; expected one of $account.id, $key.id, $tier, $api',
  ],
  [
    'upstream: { set: { authorization: $key.id } }',
    '33:20: upstream.set.authorization: this header holds a credential of an API here, so it never reaches an upstream',
  ],
  [
    'upstream: { set: { content-length: $key.id } }',
    '33:20: upstream.set.content-length: found the key content-length; expected a header of your own: this one belongs to HTTP or to the gateway',
  ],
  ['__proto__: { a: 1 }', '33:1: __proto__: not a name'],
  ['limit_headers: &b [ietf]'],
  [
    'upstream: &u { set: {} }\ndeclared: *u',
    '34:11: declared: aliases (*name) are not used here: write the value again',
  ],
  ['roles: [x]', '33:1: Map keys must be unique'],
  ['billing: !!binary x', '33:19: billing: tags (!name) are not used here'],
  [
    'declared: { accounts: [{ id: a }, { id: a }] }',
    '33:41: declared.accounts[1].id: another entry has this id already',
  ],
  [
    'declared: { accounts: [{ id: a, tier: fre }] }',
    '33:39: declared.accounts[0].tier: fre is not among the tiers; did you mean free?',
  ],
];

const DECLARED_KEY = 'name: CI, account: a, permissions: [read]';

const BROKEN_KEYS: readonly (readonly [entry: string, ...problems: string[]])[] = [
  [`${DECLARED_KEY}, key: "\${KEY}"`],
  [DECLARED_KEY, '35:11: declared.keys[0]: expected exactly one of key (${NAME} or file:path) and digest'],
  [
    `${DECLARED_KEY}, key: "\${KEY}", digest: ${'a'.repeat(64)}`,
    '35:11: declared.keys[0]: expected exactly one of key (${NAME} or file:path) and digest',
  ],
  [
    `${DECLARED_KEY}, digest: abc`,
    '35:64: declared.keys[0].digest: found a value that is not shown; expected 64 hexadecimal digits, as `tollgate keys digest` prints them',
  ],
  [
    `name: CI, account: b, permissions: [read], key: "\${KEY}"`,
    '35:32: declared.keys[0].account: this account is not declared in declared.accounts',
  ],
  [
    `name: CI, account: a, key: "\${KEY}"`,
    '35:11: declared.keys[0].permissions: expected at least one of read',
  ],
  [
    `name: CI, account: a, permissions: [reed], key: "\${KEY}"`,
    '35:49: declared.keys[0].permissions[0]: reed is not among the permissions; did you mean read?',
  ],
  [
    `${DECLARED_KEY}, role: x, key: "\${KEY}"`,
    '35:62: declared.keys[0].role: x is not among the roles: admin',
  ],
  [
    `${DECLARED_KEY}, allow_ips: [10.0.0.1/8], key: "\${KEY}"`,
    '35:68: declared.keys[0].allow_ips[0]: found a value that is not shown; expected an address or a block such as 203.0.113.0/24, without host bits',
  ],
  [
    `${DECLARED_KEY}, expires_at: 2026-02-30T00:00:00Z, key: "\${KEY}"`,
    '35:68: declared.keys[0].expires_at: found a value that is not shown; expected a time that exists',
  ],
  [
    `${DECLARED_KEY}, key: ${KEY}`,
    '35:61: declared.keys[0].key: a secret is never written here: expected ${NAME} or file:path',
  ],
  [
    `${DECLARED_KEY}, key: "\${NONE:-${KEY}}"`,
    '35:61: declared.keys[0].key: a secret has no default: write ${NAME}, or ${NAME:-} where it may be absent',
  ],
  [
    `${DECLARED_KEY}, key: "\${OTHER}"`,
    '35:61: declared.keys[0].key: expected a key in the issued shape (one_…): the API has no `keys.imports: true`',
  ],
  [
    `${DECLARED_KEY}, key: "\${WRONG}"`,
    '35:61: declared.keys[0].key: has the shape of an issued key, but its checksum is wrong',
  ],
  [
    `${DECLARED_KEY}, key: "\${SHORT}"`,
    '35:61: declared.keys[0].key: expected 16 to 256 visible ASCII characters without dots and commas',
  ],
  [
    `${DECLARED_KEY}, key: "\${EMPTY}"`,
    '35:61: declared.keys[0].key: expected 16 to 256 visible ASCII characters without dots and commas',
  ],
];

describe('a broken addition to an API file is reported', () => {
  for (const [lines, ...expected] of BROKEN_ADDITIONS) {
    test(lines, () => {
      const found = problemsOf({ api: `${API}${lines}\n` });
      expect(found).toEqual(expected.map((problem) => `${FILE}:${problem}`));
    });
  }

  for (const [entry, ...expected] of BROKEN_KEYS) {
    test(`declared key: ${entry.replaceAll(KEY, 'KEY')}`, () => {
      const api = `${API}declared:\n  accounts: [{ id: a }]\n  keys: [ { ${entry} } ]\n`;
      const env = {
        KEY,
        OTHER: 'a-key-made-elsewhere',
        WRONG: KEY.replace('0Ls', '0Lt'),
        SHORT: 'one_x',
        EMPTY: '',
      };
      const found = problemsOf({ api, env });
      expect(found).toEqual(expected.map((problem) => `${FILE}:${problem}`));
    });
  }
});

describe('what two APIs must not share is reported at the later file', () => {
  const second = change(change(API, 'api: one', 'api: two'), 'prefix: one_', 'prefix: two_');
  const server = change(SERVER, '[apis/one.yaml]', '[apis/one.yaml, apis/two.yaml]');
  const clash = (api: string) => problemsOf({ server, files: { 'apis/two.yaml': api } });

  test('host', () => {
    expect(clash(second)).toEqual([`config/apis/two.yaml:2:9: hosts[0]: one.example is taken by ${FILE}`]);
  });

  test('name and beginnings of prefixes', () => {
    const api = change(change(API, 'one.example', 'two.example'), 'prefix: one_', 'prefix: one_live_');
    expect(clash(api)).toEqual([
      `config/apis/two.yaml:1:6: api: one is taken by ${FILE}`,
      `config/apis/two.yaml:3:17: keys.prefix: overlaps with the prefix in ${FILE}`,
    ]);
  });

  test('one file twice', () => {
    expect(
      problemsOf({ server: change(SERVER, '[apis/one.yaml]', '[apis/one.yaml, ./apis/one.yaml]') }),
    ).toEqual([`config/tollgate.yaml:2:23: apis[1]: ${FILE} stands in this list already`]);
  });
});

const BROKEN_SERVERS: readonly (readonly [lines: string, ...problems: string[]])[] = [
  ['check: { grpc: { listen: 9000 } }', '3:26: check.grpc.listen: found "9000"; expected text'],
  [
    'check: { grpc: { listen: "127.0.0.1:70000" } }',
    '3:26: check.grpc.listen: found "127.0.0.1:70000"; expected host:port (port 0: any free one) or unix:/path/of/socket (at most 103 characters, its folder 90)',
  ],
  [
    'check: { grpc: { listen: "unix:" } }',
    '3:26: check.grpc.listen: found "unix:"; expected host:port (port 0: any free one) or unix:/path/of/socket (at most 103 characters, its folder 90)',
  ],
  ['check: { http: off }', '3:16: check.http: found "off"; expected a list'],
  [
    'check: { http: [{ listen: "127.0.0.1:1", dialect: apache }] }',
    '3:51: check.http[0].dialect: found "apache"; expected one of envoy-http, forward-auth, kong, nginx',
  ],
  [
    'check: { budget: 1h }',
    '3:18: check.budget: found "1h"; expected a duration such as 120ms, from 5ms to 10000ms',
  ],
  [
    'telemetry: { listen: "unix:/run/tollgate.sock" }',
    '3:22: telemetry.listen: found "unix:/run/tollgate.sock"; expected host:port (port 0: any free one) or off',
  ],
  [
    'store: { url: "postgres://user:hunter2@db/x" }',
    '3:15: store.url: found a value that is not shown; not available in this version; expected sqlite:<path of a file>',
  ],
  [
    'counters: { url: "redis://:hunter2@r" }',
    '3:18: counters.url: found a value that is not shown; not available in this version; expected memory:',
  ],
  [
    'store: { url: "sqlite:" }',
    '3:15: store.url: found a value that is not shown; expected sqlite:<path of a file>',
  ],
  ['secrets: { peper: {} }', '3:12: secrets.peper: unknown key; did you mean pepper?'],
  [
    'secrets: { pepper: { current: { id: p, secret: hunter2 } } }',
    '3:48: secrets.pepper.current.secret: a secret is never written here: expected ${NAME} or file:path',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "${SHORT}" } } }',
    '3:48: secrets.pepper.current.secret: expected at least 32 random bytes in base64, as `openssl rand -base64 32` prints them',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "${NOT_SET}" } } }',
    '3:48: secrets.pepper.current.secret: the environment has no variable NOT_SET',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "file:no" } } }',
    '3:48: secrets.pepper.current.secret: the file named here cannot be read (ENOENT)',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "${PEPPER}" }, retired: [{ id: p, secret: "${OLD}" }] } }',
    '3:79: secrets.pepper.retired[0].id: another secret of this ring has this id already',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "${PEPPER}" }, retired: [{ id: q, secret: "${PEPPER}" }] } }',
    '3:90: secrets.pepper.retired[0].secret: this secret stands in the ring already',
  ],
  [
    'secrets: { pepper: { current: { id: p, secret: "" }, retired: [{ id: q, secret: "${OLD}" }] } }',
    '3:40: secrets.pepper.current.secret: expected at least 32 random bytes in base64, as `openssl rand -base64 32` prints them',
  ],
  [
    'check: { budget: "${a-b}" }',
    '3:18: check.budget: expected ${NAME} or ${NAME:-default} ($${ is a plain ${)',
  ],
  ['a: [', '4:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
];

describe('a broken server file is reported', () => {
  for (const [lines, ...expected] of BROKEN_SERVERS) {
    test(lines, () => {
      const env = { SHORT: 'hunter2', PEPPER, OLD: Buffer.alloc(40, 9).toString('base64url') };
      const found = problemsOf({ server: `${SERVER}${lines}\n`, env });
      expect(found.filter((problem) => problem.startsWith('config/tollgate.yaml'))).toEqual(
        expected.map((problem) => `config/tollgate.yaml:${problem}`),
      );
      expect(found.join()).not.toContain('hunter2');
    });
  }

  test('a file that is missing is named, the server file itself as well', () => {
    expect(problemsOf({ server: 'apis: [x.yaml]\n' })).toEqual([
      'config/tollgate.yaml:1:8: apis[0]: config/x.yaml cannot be read (ENOENT)',
    ]);
    expect(problemsOf({ server: '' })).toEqual([
      'config/tollgate.yaml:1:1: found nothing; expected sections, one key a line',
    ]);
  });

  test('production without a pepper does not start, and needs a sealing key where keys are sealed', () => {
    const missing = 'is missing: mode production makes no secrets of its own';
    const api = change(API, 'prefix: one_', 'prefix: one_, key_signed_jwt: true');
    expect(problemsOf({ api, sets: ['mode=production'] })).toEqual([
      `config/tollgate.yaml:1:1: secrets.pepper: ${missing}`,
      `config/tollgate.yaml:1:1: secrets.sealing_key: ${missing}`,
    ]);
    expect(problemsOf({ sets: ['mode=production'] })).toHaveLength(1);
  });
});

describe('all problems', () => {
  test('of all files and all stages come at once, in the order of files and lines', () => {
    const found = problemsOf({
      server: `${SERVER}chekc: {}\nsecrets: { pepper: { current: { id: p, secret: x } } }\n`,
      api: change(change(API, 'hosts: [one.example]', 'hosts: 3'), 'permission: read', 'permission: raed'),
      sets: ['store.url=mysql:'],
    });
    expect(found.map((problem) => problem.split(': ').slice(0, 2).join(': '))).toEqual([
      'config/tollgate.yaml:3:1: chekc',
      'config/tollgate.yaml:4:48: secrets.pepper.current.secret',
      '--set: store.url',
      `${FILE}:2:8: hosts`,
      `${FILE}:16:55: areas[0].routes[0].needs.permission`,
    ]);
    expect(found).toContain(
      '--set: store.url: found a value that is not shown; expected sqlite:<path of a file>',
    );
  });

  test('a mistake in one section does not make others of what refers to it', () => {
    expect(problemsOf({ api: change(API, 'permissions: [read]', 'permissions: [Read]') })).toHaveLength(1);
  });

  test('a variable that is not set is reported once, not also as a wrong value', () => {
    expect(problemsOf({ sets: ['mode=${MODE}'] })).toEqual([
      '--set: mode: the environment has no variable MODE',
    ]);
  });

  test('beyond the bound are counted', () => {
    const lines = Array.from({ length: PROBLEMS_MAX + 5 }, (_, index) => `zzzzzzz${index}: 1\n`).join('');
    try {
      load({ server: `${SERVER}${lines}` });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigProblems);
      expect(String(error).split('\n')).toHaveLength(PROBLEMS_MAX + 1);
      expect(String(error)).toContain('and 5 more problems');
    }
  });
});
