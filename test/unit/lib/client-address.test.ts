import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressFromForwardedFor } from '../../../src/lib/client-address.ts';

describe('addressFromForwardedFor', () => {
  test.each([
    [['203.0.113.7'], 0, '203.0.113.7'],
    [['203.0.113.7,10.0.0.1'], 1, '203.0.113.7'],
    [['1.1.1.1, 203.0.113.7, 10.0.0.2,10.0.0.1'], 2, '203.0.113.7'],
    [['1.1.1.1', '203.0.113.7', '10.0.0.1'], 1, '203.0.113.7'],
    [['1.1.1.1, 203.0.113.7', ' 10.0.0.1'], 1, '203.0.113.7'],
    [['[2001:db8::1]:4711 ,\t10.0.0.1'], 1, '2001:db8::1'],
    [['::ffff:203.0.113.7'], 0, '203.0.113.7'],
    [['junk, <script>,,203.0.113.7'], 0, '203.0.113.7'],
  ])('%j behind %i trusted hops is %s', (lines, trustedHops, address) => {
    expect(addressFromForwardedFor(lines, trustedHops)).toBe(address);
  });

  test.each([
    [[], 0],
    [[''], 0],
    [['203.0.113.7'], 1],
    [['203.0.113.7'], 1_000_000],
    [[',203.0.113.7'], 1],
    [[','], 0],
    [['203.0.113.7,'], 0],
    [['203.0.113.7', ''], 0],
    [['unknown,10.0.0.1'], 1],
    [['fe80::1%eth0'], 0],
    [['203.0.113.7\u{a0}'], 0],
    [['203.0.113.7 10.0.0.1'], 0],
  ])('%j behind %i trusted hops names nobody', (lines, trustedHops) => {
    expect(addressFromForwardedFor(lines, trustedHops)).toBeUndefined();
  });

  test('does not depend on anything the client puts in front, however the lines are cut', () => {
    const forged = fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.constant(',')), { maxLength: 4 });
    fc.assert(
      fc.property(forged, fc.ipV4(), fc.array(fc.ipV4(), { maxLength: 3 }), (client, peer, proxies) => {
        const lines = [...client, [peer, ...proxies].join(', ')];
        expect(addressFromForwardedFor(lines, proxies.length)).toBe(peer);
        expect(addressFromForwardedFor([lines.join(',')], proxies.length)).toBe(peer);
      }),
    );
  });

  test('takes the entry that splitting and counting from the right finds', () => {
    const entries = fc.array(fc.constantFrom('1.1.1.1', '2.2.2.2', '', ' ', 'x'), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(entries, fc.nat({ max: 7 }), (list, trustedHops) => {
        const entry = list.at(-1 - trustedHops) ?? '';
        const expected = /^\d/.test(entry) && trustedHops < list.length ? entry : undefined;
        expect(addressFromForwardedFor([list.join(',')], trustedHops)).toBe(expected);
      }),
    );
  });
});
