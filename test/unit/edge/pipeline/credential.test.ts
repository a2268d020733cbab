import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Area, CredentialSource } from '../../../../src/domain/policy.ts';
import { CREDENTIAL_CHARS_MAX, readCredential } from '../../../../src/edge/pipeline/credential.ts';
import { headersOf } from './request.ts';

const BEARER_KEY: CredentialSource = { kind: 'api_key', header: 'authorization', scheme: 'bearer' };
const BEARER_TOKEN: CredentialSource = { kind: 'jwt', header: 'authorization', scheme: 'bearer' };
const BARE_KEY: CredentialSource = { kind: 'api_key', header: 'x-api-key', scheme: '' };

function areaOf(...credentials: CredentialSource[]): Area {
  const empty = new Map();
  const routes = { literal: empty, any: undefined, here: empty, below: empty };
  return { prefix: '', depth: 0, credentials, challenge: 'Bearer', preflight: 'check', routes };
}

type Line = readonly [string, string];
const MISSING = { code: 'credential_missing' };
const invalid = (fault: string) => ({ code: 'credential_invalid', fault });
const key = (value: string) => ({ kind: 'api_key', value });

describe('a bearer key', () => {
  const area = areaOf(BEARER_KEY);
  const rows: readonly (readonly [string, readonly Line[], object])[] = [
    ['is missing where no header is', [], MISSING],
    ['is missing where the header is empty', [['authorization', '']], MISSING],
    ['is missing behind another scheme', [['authorization', 'Basic dXNlcjpwYXNz']], MISSING],
    ['is missing where the scheme stands alone', [['authorization', 'Bearer']], MISSING],
    ['is missing where only blanks follow the scheme', [['authorization', 'Bearer   ']], MISSING],
    ['is missing where the scheme runs on into the key', [['authorization', 'Bearerabc']], MISSING],
    ['is missing in a header the area does not list', [['x-api-key', 'abc']], MISSING],
    ['is read', [['authorization', 'Bearer abc']], key('abc')],
    ['is read behind a scheme in any case', [['authorization', 'bEARER abc']], key('abc')],
    ['is read behind several blanks', [['authorization', 'Bearer   abc  ']], key('abc')],
    ['is invalid behind a tab', [['authorization', 'Bearer\tabc']], invalid('malformed')],
    ['is invalid with a blank inside', [['authorization', 'Bearer abc def']], invalid('malformed')],
    ['is invalid with bytes beyond ASCII', [['authorization', 'Bearer ab\u00e9']], invalid('malformed')],
    ['is invalid with a comma', [['authorization', 'Bearer abc,Bearer def']], invalid('repeated')],
    [
      'is invalid in two lines',
      [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer a'],
      ],
      invalid('repeated'),
    ],
    [
      'is invalid when one of two lines is empty',
      [
        ['authorization', ''],
        ['authorization', 'Bearer a'],
      ],
      invalid('repeated'),
    ],
    [
      'is invalid when too long',
      [['authorization', `Bearer ${'a'.repeat(CREDENTIAL_CHARS_MAX + 1)}`]],
      invalid('malformed'),
    ],
    [
      'stays a key whatever its shape, where no tokens are taken',
      [['authorization', 'Bearer a.b.c']],
      key('a.b.c'),
    ],
  ];
  test.each(rows)('%s', (_, lines, expected) => {
    expect(readCredential(area, headersOf(lines))).toEqual(expected);
  });
});

describe('several sources', () => {
  const area = areaOf(BARE_KEY, BEARER_KEY, BEARER_TOKEN);
  test('two credentials in two headers are invalid', () => {
    const lines: Line[] = [
      ['x-api-key', 'a'],
      ['authorization', 'Bearer b'],
    ];
    expect(readCredential(area, headersOf(lines))).toEqual(invalid('repeated'));
  });
  test('another scheme beside a key does not count', () => {
    const lines: Line[] = [
      ['x-api-key', 'a'],
      ['authorization', 'Basic b'],
    ];
    expect(readCredential(area, headersOf(lines))).toEqual(key('a'));
  });
  test('three parts joined by dots are a token, anything else a key', () => {
    for (const value of ['a.b.c', 'a.b', 'a.b.c.d']) {
      const kind = value === 'a.b.c' ? 'jwt' : 'api_key';
      expect(readCredential(area, headersOf([['authorization', `Bearer ${value}`]]))).toEqual({
        kind,
        value,
      });
    }
  });
});

test('whatever the headers hold, a credential that is read is one run of visible ASCII', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'aZ7.~!-_0xY9'.split(''), ' ', ',', '\t', '\u00e9'), maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  const value = fc.oneof(
    text,
    text.map((rest) => `Bearer ${rest}`),
  );
  const line = fc.tuple(fc.constantFrom('authorization', 'x-api-key', 'cookie'), value);
  let readCount = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 3 }), (lines) => {
      const read = readCredential(areaOf(BARE_KEY, BEARER_KEY), headersOf(lines));
      if ('code' in read) return;
      readCount += 1;
      expect(read.value).toMatch(/^[\x21-\x2b\x2d-\x7e]+$/);
      expect(lines.some(([, held]) => held.includes(read.value))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  // Were nothing read, nothing would have been said.
  expect(readCount).toBeGreaterThan(20);
});
