import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { KeySetSource } from '../../domain/token.ts';
import { createAddressSet, parseCidr } from '../../lib/cidr.ts';

/** All addresses of a name, as `dns.lookup` gives them. */
export type LookupAll = (
  name: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** Where nobody outside can be (IANA's special-purpose address registries): a key set must not lead there unless it may. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Within 2000::/3, which alone is global unicast: protocol assignments, documentation, and 6to4, which holds any IPv4 address. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = createAddressSet([...SPECIAL_V4, ...SPECIAL_V6].map(parseKnownCidr));
const anyV4 = createAddressSet(['0.0.0.0/0'].map(parseKnownCidr));
const globalV6 = createAddressSet(['2000::/3'].map(parseKnownCidr));

/** Whether a key set may be fetched from an address, given as text. */
export function isAddressAllowed(
  address: string,
  privateAddresses: Extract<KeySetSource, { readonly from: 'url' }>['privateAddresses'],
): boolean {
  if (privateAddresses === 'allow') return true;
  return (anyV4.contains(address) || globalV6.contains(address)) && !special.contains(address);
}

/** What a connection is refused with when its name has an address that is not allowed. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/**
 * Resolves a name for one connection and hands on the addresses that were looked at: whoever answers for the name has no second chance to give others.
 * One address that is not allowed is enough to refuse them all.
 */
export function createPinnedLookup(
  lookupAll: LookupAll,
  allowed: (address: string) => boolean,
): LookupFunction {
  return (name, options, done) => {
    lookupAll(name, (error, addresses) => {
      // The runtime gives no addresses at all with an error.
      if (error !== null) return done(error, []);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => allowed(address))) {
        return done(new AddressRefused('the address of a key set is not allowed'), []);
      }
      if (options.all === true) return done(null, [...addresses]);
      return done(null, first.address, first.family);
    });
  };
}

function parseKnownCidr(text: string) {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${text} is no block of addresses`);
  return cidr;
}
