import { describe, expect, test } from 'vitest';
import { APPLICATION_BODY } from '../../../../src/cli/conformance/client/upstream.ts';
import { compare } from '../../../../src/cli/conformance/table/compare.ts';
import type { Judged } from '../../../../src/cli/conformance/table/expectation.ts';

const REFUSED: Judged = {
  status: 402,
  headers: ['cache-control: no-store', 'content-type: application/json'],
  body: '{"error":"pay"}',
  upstream: undefined,
};
const PASSED: Judged = {
  status: 200,
  headers: ['ratelimit: "a";r=1;t=60'],
  body: '',
  upstream: ['x-account-id: acme', 'x-tier: pro'],
};

describe('an answer that is to the byte what is promised', () => {
  test.each([
    ['refused', REFUSED],
    ['passed', PASSED],
  ])('differs in nothing: %s', (_, judged) => {
    expect(compare(judged, judged)).toEqual([]);
  });
});

describe('a refusal', () => {
  test('that reaches the application was let through, and nothing else is told of it', () => {
    expect(compare(REFUSED, { ...PASSED, status: 500 })).toEqual([{ kind: 'let through' }]);
  });

  test('that the application’s own answer comes to out of some memory was let through', () => {
    expect(compare(REFUSED, { ...REFUSED, status: 200, headers: [], body: APPLICATION_BODY })).toEqual([
      { kind: 'let through' },
    ]);
  });

  test('with another body differs in its body, though it be by one byte', () => {
    expect(compare(REFUSED, { ...REFUSED, body: '{"error":"pay"} ' })).toEqual([
      { kind: 'body', status: 402, promised: '{"error":"pay"}', seen: '{"error":"pay"} ' },
    ]);
  });

  test('with another status is told by its status alone', () => {
    expect(compare(REFUSED, { ...REFUSED, status: 403, body: 'Forbidden', headers: [] })).toEqual([
      { kind: 'status', promised: 402, status: 403, seen: 'Forbidden' },
    ]);
  });

  test('loses, changes and gains headers, each told once', () => {
    const headers = ['content-type: text/html', 'x-powered-by: magic'];
    expect(compare(REFUSED, { ...REFUSED, headers })).toEqual([
      { kind: 'header missing', name: 'cache-control', status: 402, promised: 'no-store', seen: '' },
      {
        kind: 'header changed',
        name: 'content-type',
        status: 402,
        promised: 'application/json',
        seen: 'text/html',
      },
      { kind: 'header added', name: 'x-powered-by', status: 402, promised: '', seen: 'magic' },
    ]);
  });

  test('with a header twice has one too many', () => {
    const headers = [...REFUSED.headers, 'cache-control: no-store'];
    expect(compare(REFUSED, { ...REFUSED, headers })).toMatchObject([
      { kind: 'header added', name: 'cache-control' },
    ]);
  });
});

describe('a request that must pass', () => {
  test('and does not reach the application was stopped', () => {
    expect(compare(PASSED, { ...REFUSED, status: 401 })).toEqual([
      { kind: 'stopped', status: 401, seen: '{"error":"pay"}' },
    ]);
  });

  test('brings the application neither a credential nor a forged identity, under whatever name', () => {
    const upstream = ['authorization: Bearer k', 'x.account.id: evil', 'x-account-id: evil', 'x-tier: pro'];
    const told = compare(PASSED, { ...PASSED, upstream });
    expect(told).toEqual([
      { kind: 'identity lost', name: 'x-account-id' },
      { kind: 'credential upstream', name: 'authorization' },
      { kind: 'forged upstream', name: 'x.account.id' },
      { kind: 'forged upstream', name: 'x-account-id' },
    ]);
    expect(JSON.stringify(told)).not.toContain('Bearer k');
  });

  test('has its identity once: a second line of it could be anybody’s', () => {
    const upstream = [...(PASSED.upstream ?? []), 'x-tier: pro'];
    expect(compare(PASSED, { ...PASSED, upstream })).toEqual([{ kind: 'forged upstream', name: 'x-tier' }]);
  });
});
