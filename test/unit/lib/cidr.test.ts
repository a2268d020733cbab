import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress, createAddressSet, findCidrFault, parseCidr } from '../../../src/lib/cidr.ts';

const V4_BASE = 0xff_ff_00_00_00_00n;

/** Addresses of few distinct bits, so that blocks and addresses often meet. */
const v4Value = fc.array(fc.constantFrom(0n, 1n, 10n, 127n, 128n, 255n), { minLength: 4, maxLength: 4 });
const v6Groups = fc.array(fc.constantFrom(0n, 1n, 0x80_00n, 0xff_ffn, 0x20_01n), {
  minLength: 8,
  maxLength: 8,
});

interface Sample {
  readonly text: string;
  readonly value: bigint;
  readonly isV4: boolean;
}

const v4Address = v4Value.map((parts): Sample => ({
  text: parts.join('.'),
  value: V4_BASE | joined(parts, 8n),
  isV4: true,
}));
const mappedAddress = v4Address.map((sample): Sample => ({ ...sample, text: `::ffff:${sample.text}` }));
const v6Address = v6Groups.map((groups): Sample => {
  const value = joined(groups, 16n);
  return {
    text: groups.map((group) => group.toString(16)).join(':'),
    value,
    isV4: value >> 32n === 0xff_ffn,
  };
});
const address = fc.oneof(v4Address, mappedAddress, v6Address);

describe('createAddressSet', () => {
  test('holds what whole-number arithmetic says, families apart, mapped addresses counted as IPv4', () => {
    const block = fc.record({ base: address, prefixBits: fc.nat({ max: 128 }) });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), address, (blocks, candidate) => {
        const rules = blocks.map(({ base, prefixBits }) => toRule(base, prefixBits));
        const cidrs = rules.map((rule) => parseCidr(rule.text)).filter((cidr) => cidr !== undefined);
        expect(cidrs).toHaveLength(rules.length);
        const expected = rules.some((rule) => rule.isV4 === candidate.isV4 && rule.holds(candidate.value));
        expect(createAddressSet(cidrs).contains(candidate.text)).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.1', false],
    ['::/0', '::ffff:192.0.2.1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['2001:db8::1', '2001:DB8:0::1', true],
  ])('%s and %s: %s', (block, text, expected) => {
    const cidr = parseCidr(block);
    expect(cidr && createAddressSet([cidr]).contains(text)).toBe(expected);
  });

  test('holds no text that is not a plain address, not even in every address', () => {
    const everything = ['0.0.0.0/0', '::/0'].map(parseCidr).filter((cidr) => cidr !== undefined);
    const set = createAddressSet(everything);
    expect(
      ['', 'localhost', '1.2.3', '1.2.3.4:80', '[::1]', 'fe80::1%eth0', '1.2.3.4, 5.6.7.8'].filter((text) =>
        set.contains(text),
      ),
    ).toEqual([]);
  });

  test('holds nothing where it is empty', () => {
    expect(createAddressSet([]).contains('127.0.0.1')).toBe(false);
  });
});

describe('parseCidr', () => {
  test.each([
    ['10.0.0.1/8', 'host_bits_set'],
    ['2001:db8::1/64', 'host_bits_set'],
    ['0.0.0.1/0', 'host_bits_set'],
    ['10.0.0.0/33', 'prefix_length'],
    ['::/129', 'prefix_length'],
    ['10.0.0.0/', 'prefix_length'],
    ['10.0.0.0/08', 'prefix_length'],
    ['10.0.0.0/-1', 'prefix_length'],
    ['10.0.0.0/8/8', 'prefix_length'],
    ['10.0.0.0/255.0.0.0', 'prefix_length'],
    ['10.0.0.0/1e1', 'prefix_length'],
    ['', 'not_an_address'],
    ['/8', 'not_an_address'],
    ['10.0.0/8', 'not_an_address'],
    ['10.0.0.0:80', 'not_an_address'],
    ['fe80::%eth0/64', 'not_an_address'],
    [' 10.0.0.0/8', 'not_an_address'],
  ])('refuses %j: %s', (text, fault) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(findCidrFault(text)).toBe(fault);
  });

  test('finds no fault in what it reads', () => {
    expect(['10.0.0.0/8', '::/0', '::1'].map(findCidrFault)).toEqual([undefined, undefined, undefined]);
  });
});

describe('canonicalAddress', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3.4:80', '1.2.3.4'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[::1]:80', '::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:65535', '1.2.3.4'],
    ['2001:DB8::0:1', '2001:db8::1'],
  ])('reads %s as %s', (text, plain) => {
    expect(canonicalAddress(text)).toBe(plain);
  });

  test.each([
    '',
    'unknown',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '1.2.3.4:',
    '1.2.3.4:x',
    '1.2.3.4:65536',
    '1.2.3.4:80:80',
    '[1.2.3.4]',
    '[1.2.3.4]:80',
    '[::1',
    '::1]',
    '[]',
    '[',
    '[::1]80',
    '[::1]:',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4,5.6.7.8',
    '1.2.3.4/32',
    '"[::1]"',
    '_hidden',
    '1'.repeat(10_000),
  ])('refuses %j', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  test('changes nothing when applied again', () => {
    fc.assert(
      fc.property(address, ({ text }) => {
        const plain = canonicalAddress(text) ?? '';
        expect(plain).not.toBe('');
        expect(canonicalAddress(plain)).toBe(plain);
      }),
    );
  });
});

function joined(parts: readonly bigint[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | part, 0n);
}

interface Rule {
  readonly text: string;
  readonly isV4: boolean;
  readonly holds: (value: bigint) => boolean;
}

/** A block around an address, its host bits cut by shifting. */
function toRule(base: Sample, prefixBits: number): Rule {
  const dotted = base.text.includes('.') && !base.text.includes(':');
  const bits = dotted ? 96 + (prefixBits % 33) : prefixBits;
  const rest = 128n - BigInt(bits);
  const network = (base.value >> rest) << rest;
  return {
    text: dotted ? `${v4Text(network)}/${bits - 96}` : `${v6Text(network)}/${bits}`,
    isV4: bits >= 96 && network >> 32n === 0xff_ffn,
    holds: (value) => value >> rest === network >> rest,
  };
}

function v4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

function v6Text(value: bigint): string {
  return Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xff_ffn).toString(16),
  ).join(':');
}
