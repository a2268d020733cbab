import { formatV6, parseAddress } from './ip-address.ts';
import { isPort } from './port.ts';

/** The longest host name (RFC 1035 §2.3.4), a trailing dot and a port. */
const AUTHORITY_LENGTH_MAX = 260;
/** Labels of letters, digits, `-` and `_`, one dot between two of them, and perhaps one at the end. */
const NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/**
 * The host that an authority (`:authority`, `Host`) names: in lower case, without port and without one trailing dot; an IPv6 literal stays in brackets, in the form of RFC 5952.
 * Undefined for all that could be read in two ways or names no host: empty, a list, user information, escapes, blanks, empty labels, a port that is none.
 */
export function canonicalHost(authority: string): string | undefined {
  if (authority.length > AUTHORITY_LENGTH_MAX) return undefined;
  const portAt = findPortAt(authority);
  if (portAt < authority.length && !isPort(authority.slice(portAt + 1))) return undefined;
  const host = authority.slice(0, portAt);
  if (host.startsWith('[')) return canonicalLiteral(host);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  // Tested before it is lowered: some foreign letters, the Kelvin sign for one, have an ASCII lower case.
  return NAME.test(name) ? name.toLowerCase() : undefined;
}

/** Where the colon before the port stands; the length of the authority where there is none. */
function findPortAt(authority: string): number {
  const colonAt = authority.indexOf(':', authority.lastIndexOf(']') + 1);
  return colonAt < 0 ? authority.length : colonAt;
}

function canonicalLiteral(host: string): string | undefined {
  const address = host.slice(1, -1);
  const words = host.endsWith(']') && address.includes(':') ? parseAddress(address) : undefined;
  return words === undefined ? undefined : `[${formatV6(words)}]`;
}
