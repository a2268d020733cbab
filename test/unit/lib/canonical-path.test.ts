import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PATH_LENGTH_MAX, canonicalPath, readPath } from '../../../src/lib/canonical-path.ts';

describe('canonicalPath', () => {
  test.each([
    ['/', '/', []],
    ['/a', '/a', ['a']],
    ['/a/', '/a/', ['a']],
    ['/a/b?x=/../y;z#', '/a/b', ['a', 'b']],
    ['/a?', '/a', ['a']],
    ['/?/..', '/', []],
    ['/A/b', '/A/b', ['A', 'b']],
    ['/%41pi/%7e%2D%5f', '/Api/~-_', ['Api', '~-_']],
    ['/a%3ab%3Ac', '/a%3Ab%3Ac', ['a%3Ab%3Ac']],
    ['/a%20b/%c3%a9', '/a%20b/%C3%A9', ['a%20b', '%C3%A9']],
    ['/%2541/%252e%252e', '/%2541/%252e%252e', ['%2541', '%252e%252e']],
    ['/.../..a/a../.a', '/.../..a/a../.a', ['...', '..a', 'a..', '.a']],
    ["/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,=", ["a:b@c!$&'()*+,="]],
  ])('reads %s', (target, path, segments) => {
    expect(canonicalPath(target)).toEqual({ path, segments });
  });

  test.each([
    '',
    '*',
    'a',
    'http://h/a',
    '?',
    '?/a',
    '//',
    '//admin',
    '/a//b',
    '/a//',
    '/.',
    '/..',
    '/./a',
    '/a/.',
    '/a/../b',
    '/a/..',
    '/a/../',
    '/%2e',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/a/%2e./',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a%5Cb',
    '/a\\b',
    '/a;b',
    '/a/..;/b',
    '/a;',
    '/a#b',
    '/a b',
    '/a\tb',
    '/a\nb',
    '/a\0b',
    '/a\u{7f}',
    '/é',
    '/a\u{2215}b',
    '/\ud83d\ude00',
    '/a%zz',
    '/a%',
    '/a%4',
    '/a%4g',
    '/a% 41',
    '/%-1',
    '/%+1',
    '/a%00b',
    '/a%0a',
    '/a%0D',
    '/a%1f',
    '/a%7f',
    '/%c0%af',
    '/%c0%ae%c0%ae',
    '/%e0%80%af',
    '/%ff',
    '/%c3',
    '/%ed%a0%80',
    '/%80',
  ])('refuses %j', (target) => {
    expect(canonicalPath(target)).toBeUndefined();
  });

  test.each([
    ['', 'no_path'],
    ['*', 'no_path'],
    ['http://h/a', 'no_path'],
    [`/${'a'.repeat(PATH_LENGTH_MAX)}`, 'path_length'],
    ['/a;b', 'path_characters'],
    ['/a\\b', 'path_characters'],
    ['/é', 'path_characters'],
    ['/a%2fb', 'path_escapes'],
    ['/a%', 'path_escapes'],
    ['/a%00', 'path_escapes'],
    ['/%c0%af', 'path_escapes'],
    ['/a//b', 'path_segments'],
    ['/a/%2e%2e/b', 'path_segments'],
  ])('says what is wrong with %.20j: %s', (target, fault) => {
    expect(readPath(target)).toBe(fault);
  });

  test('refuses a path above its bound, and reads one of that length whatever the query', () => {
    const longest = `/${'a'.repeat(PATH_LENGTH_MAX - 1)}`;
    expect(canonicalPath(`${longest}?${'q'.repeat(PATH_LENGTH_MAX)}`)?.path).toBe(longest);
    expect(canonicalPath(`${longest}a`)).toBeUndefined();
  });

  test('agrees with a slow reading by the letter of RFC 3986', () => {
    fc.assert(
      fc.property(target, (text) => {
        expect(canonicalPath(text)).toEqual(slowly(text));
      }),
      { numRuns: 20_000 },
    );
  });

  test('agrees with the slow reading for every byte, raw and escaped', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const escape = `%${byte.toString(16).padStart(2, '0')}`;
      for (const text of [`/a${String.fromCharCode(byte)}b`, `/a${escape}b`, `/${escape}`]) {
        expect(canonicalPath(text)).toEqual(slowly(text));
      }
    }
  });

  test('changes nothing when applied again', () => {
    fc.assert(
      fc.property(target, (text) => {
        const first = canonicalPath(text);
        if (first !== undefined) expect(canonicalPath(first.path)).toEqual(first);
      }),
      { numRuns: 5_000 },
    );
  });

  test('passes nothing that decoding once or resolving would move elsewhere', () => {
    fc.assert(
      fc.property(target, (text) => {
        const canonical = canonicalPath(text);
        if (canonical === undefined) return;
        const decoded = decodeURIComponent(canonical.path);
        expect(decoded.split('/').length).toBe(canonical.path.split('/').length);
        expect(decoded).not.toMatch(/\\|\/\/|\/\.{1,2}(?:\/|$)/);
        expect(new URL(canonical.path, 'http://host').pathname.split('/')).toHaveLength(
          canonical.path.split('/').length,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  test('tells apart any two paths that differ in more than the spelling of unreserved characters', () => {
    fc.assert(
      fc.property(plainPath, plainPath, (one, other) => {
        const same = slowly(one)?.path === slowly(other)?.path;
        expect(canonicalPath(one)?.path === canonicalPath(other)?.path).toBe(same);
      }),
    );
  });
});

const piece = fc.constantFrom(
  'a',
  'Z',
  '0',
  '/',
  '/',
  '/',
  '.',
  '..',
  '~',
  '-',
  '_',
  ':',
  '@',
  '%2e',
  '%2E',
  '%41',
  '%3a',
  '%3B',
  '%25',
  '%20',
  '%c3%a9',
  '%7B',
);
const oddPiece = fc.oneof(
  { weight: 12, arbitrary: piece },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\\',
      ';',
      '#',
      '?',
      ' ',
      '%2f',
      '%5C',
      '%00',
      '%0a',
      '%',
      '%z',
      '%c0%af',
      '%80',
      'é',
      '\0',
      '{',
      '"',
      '%7f',
    ),
  },
);
const target = fc.array(oddPiece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
const plainPath = fc
  .array(fc.constantFrom('/a', '/%61', '/b', '%3a', ':'), { maxLength: 4 })
  .map((pieces) => `/x${pieces.join('')}`);

/** The same promise, one rule after the other, each by its own regular expression. */
function slowly(text: string): { path: string; segments: string[] } | undefined {
  const [raw = ''] = text.split('?');
  const wellFormed = /^\/(?:[!"$&'()*+,\-./0-9:<=>@A-Z[\]^_`a-z{|}~]|%[0-9A-Fa-f]{2})*$/.test(raw);
  if (!wellFormed || raw.length > PATH_LENGTH_MAX) return undefined;
  if (/%(?:[01][0-9a-f]|7f|2f|5c)/i.test(raw)) return undefined;
  const path = raw.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /^[A-Za-z0-9\-._~]$/.test(character) ? character : escape.toUpperCase();
  });
  if (/\/\/|\/\.{1,2}(?:\/|$)/.test(path)) return undefined;
  const bytes = Buffer.from(
    path.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  if (!Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)) return undefined;
  return { path, segments: path.split('/').filter((segment) => segment !== '') };
}
