import { formatAddress, isV4, parseAddress } from './ip-address.ts';
import type { AddressWords } from './ip-address.ts';
import { isPort } from './port.ts';

/** A block of addresses: those whose first `prefixBits` bits are those of `words`. */
export interface Cidr {
  readonly words: AddressWords;
  /** 0 to 128, counted over the four words: an IPv4 block has at least 96. */
  readonly prefixBits: number;
}

export type CidrFault = 'not_an_address' | 'prefix_length' | 'host_bits_set';

const MAPPED_BITS = 96;
const ALL_BITS = 128;
const WORDS = 4;
/** The longest address in brackets with a port: `[` 45 `]:65535`. */
const ENDPOINT_LENGTH_MAX = 53;
const PREFIX_LENGTH = /^(0|[1-9]\d{0,2})$/;

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32`, `::ffff:10.0.0.0/104` (the same block as the first) and single addresses; `/0` is every address of its family.
 * Undefined for anything else; `findCidrFault` says why. Bits behind the prefix must be zero (RFC 4632 §3.1): with them set, nobody knows which block was meant.
 */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = readCidr(text);
  return typeof cidr === 'string' ? undefined : cidr;
}

/** Why `parseCidr` refuses a text; undefined where it does not. */
export function findCidrFault(text: string): CidrFault | undefined {
  const cidr = readCidr(text);
  return typeof cidr === 'string' ? cidr : undefined;
}

/**
 * A set of address blocks. IPv4 addresses are in IPv4 blocks only and IPv6 addresses in IPv6 blocks only, where a mapped address (`::ffff:1.2.3.4`) is IPv4.
 * A text that is no plain address is in no set, not even in `/0`.
 */
export function createAddressSet(cidrs: readonly Cidr[]): { contains(address: string): boolean } {
  // Where the first 96 bits are those of mapped addresses, the prefix is at least as long: else host bits would be set.
  const v4 = toRules(cidrs.filter((cidr) => isV4(cidr.words)));
  const v6 = toRules(cidrs.filter((cidr) => !isV4(cidr.words)));
  return {
    contains(address) {
      const words = parseAddress(address);
      return words !== undefined && isInAny(words, isV4(words) ? v4 : v6);
    },
  };
}

/**
 * The one spelling of an IP address that may come with a port: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`; a mapped IPv6 address becomes plain IPv4.
 * Undefined for anything else, zone ids included.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > ENDPOINT_LENGTH_MAX) return undefined;
  const host = hostOf(text);
  const words = host === undefined ? undefined : parseAddress(host);
  return words === undefined ? undefined : formatAddress(words);
}

function readCidr(text: string): Cidr | CidrFault {
  const slashAt = text.indexOf('/');
  const addressText = slashAt < 0 ? text : text.slice(0, slashAt);
  const words = parseAddress(addressText);
  if (words === undefined) return 'not_an_address';
  if (slashAt < 0) return { words, prefixBits: ALL_BITS };
  const length = text.slice(slashAt + 1);
  const prefixBits = Number(length) + (addressText.includes(':') ? 0 : MAPPED_BITS);
  if (!PREFIX_LENGTH.test(length) || prefixBits > ALL_BITS) return 'prefix_length';
  const cidr = { words, prefixBits };
  return words.every((word, index) => (word & ~maskOf(cidr, index)) === 0) ? cidr : 'host_bits_set';
}

/** For each block its four words and their four masks. */
function toRules(cidrs: readonly Cidr[]): Int32Array {
  return Int32Array.from(
    cidrs.flatMap((cidr) => [...cidr.words, ...cidr.words.map((_, index) => maskOf(cidr, index))]),
  );
}

function isInAny(words: AddressWords, rules: Int32Array): boolean {
  for (let at = 0; at < rules.length; at += 2 * WORDS) {
    let difference = 0;
    for (let index = 0; index < WORDS; index += 1) {
      difference |= ((words[index] ?? 0) ^ (rules[at + index] ?? 0)) & (rules[at + WORDS + index] ?? 0);
    }
    if (difference === 0) return true;
  }
  return false;
}

/** The bits of one word that the prefix covers. */
function maskOf(cidr: Cidr, wordIndex: number): number {
  const bits = Math.min(Math.max(cidr.prefixBits - 32 * wordIndex, 0), 32);
  // A shift by 32 is a shift by 0, so the empty mask needs its own case.
  return bits === 0 ? 0 : -1 << (32 - bits);
}

/** The address part of a text that may end in a port; undefined where the rest is no port. */
function hostOf(text: string): string | undefined {
  if (text.startsWith('[')) {
    const endAt = text.indexOf(']');
    const host = text.slice(1, Math.max(endAt, 1));
    const rest = text.slice(endAt + 1);
    // Brackets belong to IPv6 alone (RFC 3986 §3.2.2).
    return host.includes(':') && (rest === '' || (rest.startsWith(':') && isPort(rest.slice(1))))
      ? host
      : undefined;
  }
  const colonAt = text.indexOf(':');
  if (colonAt < 0 || colonAt !== text.lastIndexOf(':')) return text;
  return isPort(text.slice(colonAt + 1)) ? text.slice(0, colonAt) : undefined;
}
