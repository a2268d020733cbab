import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesAltName } from '../../../src/lib/alt-names.ts';

const SPIFFE = 'uri:spiffe://cluster.local/ns/edge/sa/envoy';

describe('a certificate', () => {
  test.each([
    ['DNS:gateway.internal', 'dns:gateway.internal'],
    ['DNS:Gateway.Internal', 'dns:gateway.INTERNAL'],
    ['DNS:a, DNS:gateway.internal, IP Address:10.0.0.1', 'dns:gateway.internal'],
    ['email:x@y, URI:spiffe://cluster.local/ns/edge/sa/envoy', SPIFFE],
    ['othername:<unsupported>, URI:spiffe://cluster.local/ns/edge/sa/envoy, DNS:x', SPIFFE],
  ])('with %j names %s', (presented, name) => {
    expect(matchesAltName(presented, ['dns:other', name])).toBe(true);
  });

  test.each([
    ['', 'dns:gateway.internal'],
    ['DNS:gateway.internal.evil', 'dns:gateway.internal'],
    ['DNS:evil.gateway.internal', 'dns:gateway.internal'],
    ['DNS:*.internal', 'dns:gateway.internal'],
    ['URI:dns:gateway.internal', 'dns:gateway.internal'],
    ['email:gateway.internal', 'dns:gateway.internal'],
    ['URI:SPIFFE://cluster.local/ns/edge/sa/envoy', SPIFFE],
    ['URI:spiffe://cluster.local/ns/edge/sa/ENVOY', SPIFFE],
    ['DNS:spiffe://cluster.local/ns/edge/sa/envoy', SPIFFE],
  ])('with %j does not name %s', (presented, name) => {
    expect(matchesAltName(presented, [name])).toBe(false);
  });

  test('that hides a name inside another name does not name it', () => {
    // As node:crypto writes values that hold commas, quotes or blanks.
    for (const value of [
      'x, DNS:gateway.internal',
      'x", DNS:gateway.internal',
      'a, DNS:gateway.internal, b',
    ]) {
      const presented = `DNS:a, URI:${JSON.stringify(value)}, DNS:b`;
      expect(matchesAltName(presented, ['dns:gateway.internal'])).toBe(false);
      expect(matchesAltName(presented, ['dns:b'])).toBe(true);
    }
  });

  test.each([
    'DNS:gateway.internal,DNS:b',
    'DNS:gateway.internal, "',
    'DNS:gateway.internal, DNS',
    'x"y:z, DNS:gateway.internal',
  ])('whose names %j cannot be read to their end names nobody', (presented) => {
    expect(matchesAltName(presented, ['dns:gateway.internal', 'dns:b'])).toBe(false);
  });

  test('never names anybody where nobody may ask', () => {
    fc.assert(fc.property(fc.string(), (presented) => !matchesAltName(presented, [])));
  });

  test('names what it was not asked for only where the whole name stands there', () => {
    const text = fc.string({ unit: fc.constantFrom('DNS:', 'URI:', 'a', ', ', '"', '\\', '.', 'g') });
    fc.assert(
      fc.property(text, (presented) => !matchesAltName(presented, ['dns:gateway.internal'])),
      { numRuns: 500 },
    );
  });
});
