import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LINT_RULES, findFindings } from '../../../../src/cli/lint/findings.ts';
import type { Finding } from '../../../../src/cli/lint/findings.ts';
import { run } from '../run.ts';
import { BREAKS, RIGHT, toText } from './examples.ts';
import type { Gateway } from './examples.ts';

const ROOT = new URL('../../../../', import.meta.url);

const FACTS = {
  budgetMs: 120,
  credentialHeaders: ['authorization', 'x-api-key'],
  identityHeaders: ['x-account-id'],
};

function lint(text: string): readonly Finding[] {
  return findFindings([{ name: 'gateway.yaml', text }], FACTS).findings;
}

describe('the rules', () => {
  test('have an example each, and no example is without a rule', () => {
    expect(Object.keys(BREAKS).sort()).toEqual(LINT_RULES.map(({ id }) => id).sort());
  });

  test.each(Object.keys(RIGHT) as Gateway[])('find nothing in a right configuration of %s', (gateway) => {
    expect(lint(toText(gateway))).toEqual([]);
  });

  test.each(Object.keys(BREAKS))('%s is found where it is broken, and is all that is found', (id) => {
    const broken = BREAKS[id];
    if (broken === undefined) throw new Error('no example');
    const rules = new Set(lint(toText(broken.gateway, broken)).map(({ rule }) => rule));
    expect(rules).toEqual(new Set([id]));
  });

  test.each([
    ['envoy.yaml'],
    ['deploy/envoy-http.yaml'],
    ['deploy/kong/kong.yml'],
    ['deploy/istio/mesh.yaml', 'deploy/istio/policy.yaml'],
    ['deploy/envoy-gateway/tollgate.yaml'],
  ])('find nothing in our own recipe %s', (...paths) => {
    const files = paths.map((name) => ({ name, text: readFileSync(new URL(name, ROOT), 'utf8') }));
    const { checks, findings } = findFindings(files, FACTS);
    expect(findings).toEqual([]);
    expect(checks).toBeGreaterThan(0);
  });
});

describe('a finding', () => {
  test('names the line that says it, through anchors and lists', () => {
    const text = `
x: &check
  '@type': envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
  status_on_error: { code: 503 }
  validate_mutations: true
  encode_raw_headers: true
  failure_mode_allow: true
`;
    expect(lint(text)).toMatchObject([
      { line: 7, column: 23, key: 'x.failure_mode_allow', severity: 'unsafe' },
    ]);
  });

  test('names where the line is missing by the innermost part that is there', () => {
    const text = toText('envoy gateway', BREAKS['envoy-gateway-timeout']);
    expect(lint(text)).toMatchObject([{ line: 4, key: 'spec.extAuth.timeout' }]);
  });
});

describe('tollgate lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lint-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  const open = toText('envoy gateway', BREAKS['envoy-gateway-fail-open']);

  test('says file, line, reason and change, and ends with 1', async () => {
    const path = write('open.yaml', open);
    const { code, out, err } = await run(['lint', path]);
    expect(code).toBe(1);
    expect(out).toContain(`${path}:4:15: unsafe (envoy-gateway-fail-open): spec.extAuth.failOpen`);
    expect(out).toContain('Change: failOpen: false');
    expect(err).toContain('1 finding');
  });

  test('accepts what is ignored by its name, and no name that is none', async () => {
    const path = write('ignored.yaml', open);
    expect(await run(['lint', path, '--ignore', 'envoy-gateway-fail-open'])).toMatchObject({ code: 0 });
    const unknown = await run(['lint', path, '--ignore', 'fail-open']);
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('envoy-gateway-fail-open');
  });

  test('does not call a file safe in which nothing asks Tollgate', async () => {
    const { code, err } = await run(['lint', write('nothing.yaml', 'kind: Service\n')]);
    expect(code).toBe(1);
    expect(err).toContain('nothing in these files asks Tollgate');
  });

  test.each([
    ['broken YAML', 'a: [', /broken\.yaml:1:\d+/],
    ['an alias bomb', bomb(), /aliases/],
    ['NUL bytes', '\0\0', /./],
  ])('refuses %s with a sentence', async (_what, text, message) => {
    const { code, out, err } = await run(['lint', write('broken.yaml', text)]);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(message);
    expect(err).not.toContain('    at ');
  });

  test.each(['/dev/zero', '/', '/nowhere/to/be/found.yaml'])(
    'refuses %s without reading it',
    async (path) => {
      const { code, err } = await run(['lint', path]);
      expect(code).toBe(1);
      expect(err).toContain(path);
    },
  );

  test('gives JSON with every finding', async () => {
    const { out } = await run(['lint', write('json.yaml', open), '--json']);
    expect(JSON.parse(out)).toMatchObject({
      checks: 1,
      findings: [{ rule: 'envoy-gateway-fail-open', line: 4 }],
    });
  });
});

function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0
      ? 'a0: &a0 [x]'
      : `a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`,
  );
  return levels.join('\n');
}
