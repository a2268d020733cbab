import type { Api, IdentityHeader, Tier } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Alike, HeaderPair } from '../../domain/reply.ts';
import type { RequestHeaders } from '../../domain/request.ts';

/** What is known of the caller when a request is let through; a preflight has no principal. */
export interface Identity {
  readonly api: Api;
  readonly principal: Principal | undefined;
  readonly tier: Tier | undefined;
}

export interface UpstreamHeaders {
  readonly set: readonly HeaderPair[];
  readonly remove: readonly string[];
  /** Of a principal that is kept. */
  readonly alike: Alike | undefined;
}

/**
 * What the upstream gets to know. Every identity header is either set or removed, every credential header is removed,
 * and so is whatever the client sent under a name that only another separator in place of `-` tells from one of them.
 * undefined where a value cannot be a header's: the request must not pass without its identity.
 */
export function renderUpstreamHeaders(
  identity: Identity,
  headers: RequestHeaders,
  credentialHeaders: readonly string[],
): UpstreamHeaders | undefined {
  const own =
    identity.principal?.kept === true
      ? ownOfKept(identity, identity.principal, credentialHeaders)
      : renderOwn(identity, credentialHeaders);
  const odd = headers.oddNames === undefined ? headers.names() : headers.oddNames();
  const aliases = findAliases(odd, identity.api, credentialHeaders);
  if (own === undefined || aliases.length === 0) return own;
  return { set: own.set, remove: [...own.remove, ...aliases], alike: undefined };
}

/** What is made of a principal that is kept, under the configuration that it was made under. */
interface KeptUpstream {
  readonly api: Api;
  readonly tier: Tier | undefined;
  readonly credentialHeaders: readonly string[];
  readonly upstream: UpstreamHeaders | undefined;
}

/** Whoever keeps a principal bounds this, and lets it go with the principal. */
const upstreamOfKept = new WeakMap<Principal, KeptUpstream>();

function ownOfKept(
  identity: Identity,
  principal: Principal,
  credentialHeaders: readonly string[],
): UpstreamHeaders | undefined {
  const { api, tier } = identity;
  const known = upstreamOfKept.get(principal);
  const isSame = known?.api === api && known.tier === tier && known.credentialHeaders === credentialHeaders;
  if (isSame) return known.upstream;
  const own = renderOwn(identity, credentialHeaders);
  const upstream = own && { ...own, alike: { made: undefined } };
  upstreamOfKept.set(principal, { api, tier, credentialHeaders, upstream });
  return upstream;
}

/** As if the client had sent nothing. */
function renderOwn(identity: Identity, credentialHeaders: readonly string[]): UpstreamHeaders | undefined {
  const set: HeaderPair[] = [];
  const without: string[] = [];
  for (const header of identity.api.upstream) {
    const value = valueOf(header, identity);
    if (value === '') without.push(header.name);
    else if (isFieldValue(value)) set.push([header.name, value]);
    else return undefined;
  }
  const remove = without.length === 0 ? credentialHeaders : [...credentialHeaders, ...without];
  return { set, remove, alike: undefined };
}

function valueOf({ value }: IdentityHeader, { api, principal, tier }: Identity): string {
  if (principal === undefined) return '';
  switch (value) {
    case 'account.id':
      return principal.account.id;
    case 'key.id':
      return principal.keyId;
    case 'tier':
      return tier?.name ?? '';
    case 'api':
      return api.name;
  }
}

/** Visible ASCII with blanks inside (RFC 9110 §5.5, without its obsolete part): what no gateway changes on the way. */
function isFieldValue(text: string): boolean {
  return /^[\x21-\x7e]+(?: +[\x21-\x7e]+)*$/.test(text);
}

const NO_NAMES: readonly string[] = [];
const OTHER_SEPARATOR = /[^a-z0-9-]/;
const OTHER_SEPARATORS = /[^a-z0-9-]/g;

/**
 * Upstreams that read CGI variables or Java properties take `x_account_id` and `x.account.id` for `x-account-id`; some
 * make `_` of every character that is no letter and no digit, so that `x!account~id` is a third spelling.
 */
function findAliases(
  names: Iterable<string>,
  api: Api,
  credentialHeaders: readonly string[],
): readonly string[] {
  let aliases: string[] | undefined;
  for (const name of names) {
    if (!OTHER_SEPARATOR.test(name)) continue;
    const meant = name.replaceAll(OTHER_SEPARATORS, '-');
    if (!isGuarded(meant, api, credentialHeaders)) continue;
    aliases ??= [];
    aliases.push(name);
  }
  return aliases ?? NO_NAMES;
}

function isGuarded(name: string, api: Api, credentialHeaders: readonly string[]): boolean {
  return credentialHeaders.includes(name) || api.upstream.some((header) => header.name === name);
}
