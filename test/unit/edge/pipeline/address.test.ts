import { describe, expect, test } from 'vitest';
import type { ClientAddress } from '../../../../src/domain/policy.ts';
import { checkAddress } from '../../../../src/edge/pipeline/address.ts';
import { createAddressSet, parseCidr } from '../../../../src/lib/cidr.ts';
import { requestOf } from './request.ts';

function allowlist(...entries: string[]) {
  return createAddressSet(entries.map(parseCidr).filter((cidr) => cidr !== undefined));
}

const PEER: ClientAddress = { from: 'peer' };
const HEADER: ClientAddress = { from: 'header', header: 'x-real-ip' };
const FORWARDED: ClientAddress = { from: 'forwarded_for', trustedHops: 1 };
const INSIDE = '203.0.113.7';
const NET = allowlist('203.0.113.0/24', '2001:db8::/32');

type Parts = Parameters<typeof requestOf>[0];

function codeFor(parts: Parts, rule: ClientAddress): string | undefined {
  return checkAddress(NET, requestOf(parts), rule)?.code;
}

describe('the address allowlist', () => {
  test('a key without one works from anywhere, and from where nobody knows', () => {
    expect(checkAddress(undefined, requestOf({ peerAddress: '' }), PEER)).toBeUndefined();
    expect(checkAddress(undefined, requestOf({}), FORWARDED)).toBeUndefined();
  });

  test('an empty one lets nobody in', () => {
    expect(checkAddress(allowlist(), requestOf({ peerAddress: INSIDE }), PEER)?.code).toBe(
      'address_not_allowed',
    );
  });

  test.each<[string, Parts, ClientAddress]>([
    ['the peer', { peerAddress: INSIDE }, PEER],
    ['the peer, over IPv6', { peerAddress: '2001:db8::1' }, PEER],
    ['the peer, as an IPv4-mapped address', { peerAddress: `::ffff:${INSIDE}` }, PEER],
    ['the header', { peerAddress: '10.0.0.1', headers: [['x-real-ip', INSIDE]] }, HEADER],
    ['the header, with a port', { headers: [['x-real-ip', `${INSIDE}:443`]] }, HEADER],
    [
      'the entry left of the trusted hops',
      { peerAddress: '10.0.0.1', headers: [['x-forwarded-for', `6.6.6.6, ${INSIDE}, 10.0.0.9`]] },
      FORWARDED,
    ],
  ])('lets in by %s', (_, parts, rule) => {
    expect(codeFor(parts, rule)).toBeUndefined();
  });

  test.each<[string, Parts, ClientAddress]>([
    ['another peer', { peerAddress: '203.0.114.7' }, PEER],
    ['an unreadable peer', { peerAddress: '' }, PEER],
    ['a peer that is no address', { peerAddress: '203.0.113.7.example' }, PEER],
    ['a header where the peer counts', { peerAddress: '10.0.0.1', headers: [['x-real-ip', INSIDE]] }, PEER],
    ['the peer where a header counts', { peerAddress: INSIDE }, HEADER],
    [
      'the header twice, though both are inside',
      {
        headers: [
          ['x-real-ip', INSIDE],
          ['x-real-ip', INSIDE],
        ],
      },
      HEADER,
    ],
    ['two addresses in the header', { headers: [['x-real-ip', `${INSIDE}, 6.6.6.6`]] }, HEADER],
    ['an address with a zone', { headers: [['x-real-ip', '2001:db8::1%eth0']] }, HEADER],
    ['an empty header', { headers: [['x-real-ip', '']] }, HEADER],
    [
      'what the client wrote left of the entry that counts',
      { headers: [['x-forwarded-for', `${INSIDE}, 6.6.6.6, 10.0.0.9`]] },
      FORWARDED,
    ],
    ['too short a chain', { peerAddress: INSIDE, headers: [['x-forwarded-for', INSIDE]] }, FORWARDED],
    ['no chain', { peerAddress: INSIDE }, FORWARDED],
  ])('refuses %s', (_, parts, rule) => {
    expect(codeFor(parts, rule)).toBe('address_not_allowed');
  });
});
