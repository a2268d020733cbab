import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, formatV6, parseAddress } from '../../../src/lib/ip-address.ts';

const nearlyAddress = fc
  .array(
    fc.constantFrom(
      '0',
      '1',
      '9',
      'a',
      'F',
      '255',
      '256',
      'ffff',
      '10000',
      '.',
      ':',
      '::',
      '%',
      '/',
      ' ',
      '1.2.3.4',
    ),
    {
      maxLength: 16,
    },
  )
  .map((parts) => parts.join(''));

describe('parseAddress', () => {
  test('reads exactly what node:net calls an IP address without a zone', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearlyAddress), (text) => {
        const isAddress = isIPv4(text) || (isIPv6(text) && !text.includes('%'));
        expect(parseAddress(text) !== undefined).toBe(isAddress);
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads IPv6 as the URL standard does', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const words = parseAddress(text);
        expect(words && `[${formatV6(words)}]`).toBe(new URL(`http://[${text}]`).hostname);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '0x1.2.3.4',
    '1.2.3.4 ',
    '١.2.3.4',
    '',
    '1:2:3:4:5:6:7',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7::8',
    '::1.2.3.04',
    '1.2.3.4::',
    '::12345',
    'fe80::1%eth0',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('formatAddress', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:255.0.0.1', '255.0.0.1'],
    ['::FFFF:0102:0304', '1.2.3.4'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
  ])('writes %s as %s', (text, canonical) => {
    const words = parseAddress(text);
    expect(words && formatAddress(words)).toBe(canonical);
  });
});
