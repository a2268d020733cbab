import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../../src/lib/canonical-host.ts';

describe('canonicalHost', () => {
  test.each([
    ['api.truedy.ai', 'api.truedy.ai'],
    ['API.Truedy.AI', 'api.truedy.ai'],
    ['api.truedy.ai:443', 'api.truedy.ai'],
    ['api.truedy.ai.', 'api.truedy.ai'],
    ['api.truedy.ai.:8443', 'api.truedy.ai'],
    ['localhost', 'localhost'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['my_service', 'my_service'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['[::1]', '[::1]'],
    ['[2001:DB8:0::1]:80', '[2001:db8::1]'],
    ['[::ffff:1.2.3.4]', '[::ffff:102:304]'],
  ])('reads %s as %s', (authority, host) => {
    expect(canonicalHost(authority)).toBe(host);
  });

  test.each([
    '',
    '.',
    '..',
    '.a',
    'a..',
    'a..b',
    'a,b',
    'a, b',
    'a b',
    ' a',
    'a ',
    'a\t',
    'a\n',
    'a\0',
    ':80',
    'a:',
    'a:x',
    'a:80:80',
    'a:65536',
    'a:-1',
    'user@a',
    'user:pw@a',
    'a/b',
    'a?b',
    'a#b',
    'a%2eb',
    'a\\b',
    '*.a',
    'a;b',
    'münchen.de',
    '\u{212a}ey',
    'ａ',
    '[::1',
    '::1',
    '[::1]x',
    '[::1]:',
    '[1.2.3.4]',
    '[fe80::1%25eth0]',
    '[]',
    '[::1].',
    'x[::1]',
    'a'.repeat(300),
  ])('refuses %j', (authority) => {
    expect(canonicalHost(authority)).toBeUndefined();
  });

  test('changes nothing when applied again, and lets nothing through but letters, digits, hyphens, underscores and dots', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '0',
      '-',
      '_',
      '.',
      ':',
      '80',
      '[',
      ']',
      '::',
      '1',
      ',',
      '@',
      '%',
      'K',
      'ſ',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const host = canonicalHost(pieces.join(''));
        if (host === undefined) return;
        expect(canonicalHost(host)).toBe(host);
        expect(host).toMatch(/^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])$/);
      }),
      { numRuns: 3_000 },
    );
  });

  test('reads every case, port and trailing dot of a name as one host', () => {
    const name = fc.domain();
    fc.assert(
      fc.property(name, fc.nat({ max: 65_535 }), (host, port) => {
        const spellings = [host, host.toUpperCase(), `${host}.`, `${host}:${port}`, `${host}.:${port}`];
        expect(new Set(spellings.map(canonicalHost))).toEqual(new Set([host.toLowerCase()]));
      }),
    );
  });
});
