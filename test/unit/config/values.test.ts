import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findNearest } from '../../../src/config/nearest.ts';
import { API, change, load, problemsOf, SERVER } from './world.ts';

const pathOf = (text: string, env: Record<string, string | undefined>) => {
  const server = `${SERVER}check: { grpc: { listen: ${JSON.stringify(`unix:${text}`)} } }\n`;
  return load({ server, env }).document.check.grpc.listen;
};

describe('the environment', () => {
  test('replaces ${NAME}, and ${NAME:-default} where it is unset or empty', () => {
    expect(pathOf('${A}/${B:-b}/${C:-c}', { A: 'a', C: '' })).toBe('unix:a/b/c');
  });

  test('leaves $${ and every other $ alone', () => {
    expect(pathOf('$A$${A}$', {})).toBe('unix:$A${A}$');
  });

  test('is not looked up through prototypes, and its values are not expanded again', () => {
    expect(problemsOf({ sets: ['mode=${constructor}'] })).toHaveLength(1);
    expect(pathOf('${A}', { A: '${B}', B: 'b' })).toBe('unix:${B}');
  });

  test('never becomes syntax: whatever a variable holds, it is one text', () => {
    const server = `${SERVER}check: { grpc: { listen: "unix:\${A}" } }\n`;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (value) => {
        expect(load({ server, env: { A: value } }).document.check.grpc.listen).toBe(`unix:${value}`);
      }),
      { numRuns: 30 },
    );
  });

  test('gives numbers and booleans where those are meant, unquoted, and texts elsewhere', () => {
    const quoted = change(API, 'credits: 1,', 'credits: "${N}",');
    expect(problemsOf({ api: quoted, env: { N: '5' } })).toHaveLength(1);
    const flow = `${API}on_outage:\n  limits: \${WAIVE}\n`;
    expect(load({ api: flow, env: { WAIVE: 'allow' } }).document.apis[0]?.on_outage.limits).toBe('allow');
    const numbers = change(
      API,
      '  free: { limits: { key: [10/minute] } }',
      '  free:\n    credits:\n      monthly: ${N}',
    );
    expect(load({ api: numbers, env: { N: '500' } }).document.apis[0]?.tiers?.['free']?.credits.monthly).toBe(
      500,
    );
    expect(problemsOf({ api: numbers, env: { N: '5e2' } })).toEqual([
      'config/apis/one.yaml:10:16: tiers.free.credits.monthly: found "${N}"; expected a number',
    ]);
  });
});

describe('--set', () => {
  test('replaces values, fills in sections that the file has not, and reaches into lists', () => {
    const { document } = load({
      server: 'apis: [nowhere.yaml]\n',
      sets: [
        'check.grpc.listen=127.0.0.1:0',
        'apis.0=apis/one.yaml',
        'counters.url=memory:',
        'store.url=sqlite:a=b',
      ],
    });
    expect(document.check.grpc.listen).toBe('127.0.0.1:0');
    expect(document.counters.url).toBe('memory:');
    expect(document.store.url).toBe('sqlite:a=b');
    expect(document.apis[0]?.api).toBe('one');
  });

  test('fills an empty file', () => {
    expect(problemsOf({ server: '# nothing\n', sets: ['mode=development'] })).toEqual([
      'config/tollgate.yaml:1:1: apis: is missing; expected a list',
    ]);
  });

  test('of the last one given counts', () => {
    expect(
      load({ sets: ['check.grpc.listen=a:1', 'check.grpc.listen=a:2'] }).document.check.grpc.listen,
    ).toBe('a:2');
  });

  test('of an unknown key, a broken one or one below a value is a problem that shows no value', () => {
    const sets = ['check.grcp.listen=x', 'mode', 'a..b=x', '__proto__.x=1', 'apis.7=x', 'apis.0.x=1'];
    expect(problemsOf({ sets })).toEqual([
      '--set: expected key=value',
      '--set: a..b: expected a dotted key such as check.grpc.listen',
      '--set: __proto__.x: expected a dotted key such as check.grpc.listen',
      '--set: apis.7: this key is not part of a section: something else stands above it',
      '--set: apis.0.x: this key is not part of a section: something else stands above it',
      '--set: check.grcp: unknown key; did you mean grpc?',
    ]);
  });

  test('takes references to the environment', () => {
    expect(load({ sets: ['check.grpc.listen=${AT}'], env: { AT: 'a:1' } }).document.check.grpc.listen).toBe(
      'a:1',
    );
  });
});

describe('the nearest known name', () => {
  test('is the one with the fewest edits, and none where all are far', () => {
    expect(findNearest('lisen', ['listen', 'lists'])).toBe('listen');
    expect(findNearest('permisions', ['roles', 'permissions'])).toBe('permissions');
    expect(findNearest('xyz', ['api', 'hosts'])).toBeUndefined();
    expect(findNearest('a'.repeat(10_000), ['a'])).toBeUndefined();
  });

  test('is the name itself where it is known', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(names, (known) => {
        expect(findNearest(known[0] ?? '', known)).toBe(known[0]);
      }),
    );
  });
});
