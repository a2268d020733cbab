import { describe, expect, test } from 'vitest';
import { listDeclaredAccounts, listDeclaredKeys } from '../../../src/config/declared.ts';
import { API, change, KEY, load, problemsOf, SERVER } from './world.ts';

const bytes = (fill: number, length = 32) => Buffer.alloc(length, fill);
const PEPPER = bytes(1).toString('base64');
const OLD = bytes(0xfb, 40).toString('base64url');

const RINGS = `${SERVER}secrets:
  pepper:
    current: { id: p2, secret: "file:secrets/pepper" }
    retired: [{ id: p1, secret: "\${OLD}" }]
  sealing_key:
    current: { id: s1, secret: "\${SEALING:-}" }
`;
const DECLARED = `${API}declared:
  accounts: [{ id: acme, tier: pro }, { id: beta }]
  keys:
    - { name: CI, account: acme, permissions: [read], key: "\${KEY}", limits: [5/minute], expires_at: 2027-01-01T00:00:00Z }
    - { name: Deploy, account: beta, permissions: [read], role: admin, allow_ips: [203.0.113.0/24], digest: ${'ab'.repeat(32)} }
`;

describe('secrets', () => {
  const loaded = load({
    server: RINGS,
    api: DECLARED,
    files: { 'secrets/pepper': `${PEPPER}\n` },
    env: { OLD, KEY },
  });

  test('come from the environment and from files, without the line end of the file', () => {
    expect(loaded.secrets.pepper?.current).toEqual({ id: 'p2', secret: new Uint8Array(bytes(1)) });
    expect(loaded.secrets.pepper?.retired).toEqual([{ id: 'p1', secret: new Uint8Array(bytes(0xfb, 40)) }]);
    expect(loaded.secrets.declaredKeys).toEqual([{ api: 'one', name: 'CI', key: KEY }]);
  });

  test('that are given empty are absent', () => {
    expect(loaded.secrets.sealingKey).toBeUndefined();
  });

  test('never stand in the document', () => {
    const text = JSON.stringify(loaded.document);
    for (const secret of [PEPPER, OLD, KEY]) expect(text).not.toContain(secret);
    expect(loaded.document).not.toHaveProperty('secrets');
  });

  test('never stand in a message, wherever they were put by mistake', () => {
    const secret = 'hunter2-hunter2';
    const server = `${SERVER}secrets: { pepper: ${secret} }\nstore: { url: ${secret} }\n`;
    const env = { SECRET: secret };
    const mistakes = [
      { server, env },
      {
        env,
        sets: ['mode=${SECRET}', 'check.grpc.listen=${SECRET}', `secrets.sealing_key=${secret}`, secret],
      },
      { env, server: change(RINGS, '"file:secrets/pepper"', '"file:${SECRET}"') },
      { env, server: change(RINGS, '"file:secrets/pepper"', '"${SECRET}"') },
      { env, api: change(API, '[one.example]', '["${SECRET}:1"]') },
      { env, api: change(API, 'default_tier: free', 'default_tier: ${SECRET}') },
      { env, api: change(API, 'code: $code,', 'code: "$x${SECRET}",') },
      { env, server: change(SERVER, '[apis/one.yaml]', '["${SECRET}"]') },
      { env, api: `${API}declared: { keys: [{ name: x, account: a, key: "\${SECRET}" }] }\n` },
      {
        env,
        api: `${API}declared: { keys: [{ name: x, account: a, key: { a: ${secret} }, digest: ${secret} }] }\n`,
      },
    ];
    for (const world of mistakes) {
      const found = problemsOf(world);
      expect(found.length).toBeGreaterThan(0);
      expect(found.join('\n')).not.toContain('hunter2');
    }
  });

  test('only the key itself can verify signatures: a digest is remarked on where keys sign tokens', () => {
    const api = change(DECLARED, 'prefix: one_', 'prefix: one_, key_signed_jwt: true');
    const { notices } = load({ api, env: { KEY } });
    expect(notices.map(({ line, key }) => [line, key])).toEqual([[37, 'declared.keys[1]']]);
    expect(loaded.notices).toEqual([]);
  });
});

describe('declared accounts and keys', () => {
  const { document } = load({ api: DECLARED, env: { KEY } });

  test('are listed with their defaults, each key by digest or by name among the secrets', () => {
    expect(listDeclaredAccounts(document)).toEqual([
      { api: 'one', id: 'acme', tier: 'pro', billing: 'active' },
      { api: 'one', id: 'beta', tier: 'free', billing: 'active' },
    ]);
    expect(listDeclaredKeys(document)).toEqual([
      {
        api: 'one',
        account: 'acme',
        name: 'CI',
        digest: undefined,
        profile: { tier: '', permissions: ['read'], role: '', limits: ['5/minute'] },
        expiresMs: Date.UTC(2027, 0, 1),
      },
      {
        api: 'one',
        account: 'beta',
        name: 'Deploy',
        digest: 'ab'.repeat(32),
        profile: {
          tier: '',
          permissions: ['read'],
          role: 'admin',
          allowlist: ['203.0.113.0/24'],
          limits: [],
        },
        expiresMs: null,
      },
    ]);
  });

  test('keys of another shape are for APIs that import, and not with another prefix of ours', () => {
    const api = change(DECLARED, 'prefix: one_', 'prefix: one_, imports: true');
    const two = change(
      change(change(API, 'api: one', 'api: two'), 'one.example', 'two.example'),
      'prefix: one_',
      'prefix: two_',
    );
    const server = change(SERVER, '[apis/one.yaml]', '[apis/one.yaml, apis/two.yaml]');
    const files = { 'apis/two.yaml': two };
    expect(problemsOf({ server, api, files, env: { KEY: 'legacy-key-of-1999' } })).toEqual([]);
    expect(problemsOf({ server, api, files, env: { KEY: 'two_key-of-the-other' } })).toEqual([
      'config/apis/one.yaml:36:60: declared.keys[0].key: begins with the prefix of another API',
    ]);
  });

  test('the same key twice is a mistake', () => {
    const api = change(DECLARED, `digest: ${'ab'.repeat(32)}`, 'key: "${KEY}"');
    expect(problemsOf({ api, env: { KEY } })[0]).toContain('another entry declares this key already');
  });
});
