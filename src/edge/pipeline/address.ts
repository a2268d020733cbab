import type { Denial } from '../../domain/decision.ts';
import type { ClientAddress } from '../../domain/policy.ts';
import type { AddressSet } from '../../domain/principal.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import { addressFromForwardedFor } from '../../lib/client-address.ts';
import { canonicalAddress } from '../../lib/cidr.ts';

/** Refuses a key used from an address outside its allowlist, or from one that cannot be read. */
export function checkAddress(
  allowlist: AddressSet | undefined,
  request: AuthzRequest,
  rule: ClientAddress,
): Denial | undefined {
  if (allowlist === undefined) return undefined;
  const address = readClientAddress(request, rule);
  if (address !== undefined && allowlist.contains(address)) return undefined;
  return { code: 'address_not_allowed' };
}

/** The client's address as the configured hop reports it; undefined when it cannot be read without doubt. */
export function readClientAddress(request: AuthzRequest, rule: ClientAddress): string | undefined {
  switch (rule.from) {
    case 'peer':
      return canonicalAddress(request.peerAddress);
    case 'header': {
      const [value, ...more] = request.headers.all(rule.header);
      return value === undefined || more.length > 0 ? undefined : canonicalAddress(value);
    }
    case 'forwarded_for':
      return addressFromForwardedFor(request.headers.all('x-forwarded-for'), rule.trustedHops);
  }
}
