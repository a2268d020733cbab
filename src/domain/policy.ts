import type { EndpointName, OwnEndpoint, SessionEndpoints } from './endpoint.ts';
import type { ErrorProfile } from './error-profile.ts';
import type { Limit } from './limit.ts';
import type { TokenRules } from './token.ts';

/** Everything a check looks up, compiled once from the configuration. Indices agree in every thread that compiled the same document. */
export interface Policy {
  readonly apis: readonly Api[];
  /** By canonical host: lower case, without port and trailing dot. */
  readonly apiByHost: ReadonlyMap<string, Api>;
  /** How a request is refused whose host names no API. */
  readonly fallbackErrors: ErrorProfile;
  /** Lower-case names of every header that carries a credential for some API: none of them reaches an upstream. */
  readonly credentialHeaders: readonly string[];
}

export interface Api {
  readonly index: number;
  readonly name: string;
  /** Longest prefix first. */
  readonly areas: readonly Area[];
  readonly keys: KeyFormat;
  /** Lowest rank first; an API without tiers has one, named ''. */
  readonly tiers: readonly Tier[];
  /** Index of the tier that new accounts get. */
  readonly defaultTier: number;
  /** Every permission a key of this API may hold; empty where the API knows none. */
  readonly permissions: readonly string[];
  readonly roles: readonly string[];
  /** Whether trials and subscriptions are asked. */
  readonly billing: boolean;
  readonly clientAddress: ClientAddress;
  readonly onOutage: OnOutage;
  readonly errors: ErrorProfile;
  readonly limitHeaders: LimitHeaderFamilies;
  readonly upstream: readonly IdentityHeader[];
  readonly tokens: TokenRules;
  /** What tells key holders about their own key; absent where the API has no such endpoint. */
  readonly me?: OwnEndpoint;
  /** What keys become sessions with; absent where the API has none. */
  readonly sessionEndpoints?: SessionEndpoints;
}

export interface KeyFormat {
  /** What every key of the API begins with: `truedy_`. */
  readonly prefix: string;
  /** Whether keys of another shape than the issued one may exist. */
  readonly imports: boolean;
  /** Whether keys are kept sealed as well, because customers sign tokens with them. */
  readonly sealed: boolean;
}

/** A part of an API under one path prefix, with its own credentials. */
export interface Area {
  /** Canonical, without trailing slash; '' is the whole host. */
  readonly prefix: string;
  /** Segments of the prefix: its routes begin below them. */
  readonly depth: number;
  readonly credentials: readonly CredentialSource[];
  /** The `WWW-Authenticate` field of every 401 (RFC 9110 §11.6.1). */
  readonly challenge: string;
  /** Whether a CORS preflight passes without a credential. */
  readonly preflight: 'check' | 'allow';
  readonly routes: RouteNode;
}

export interface CredentialSource {
  readonly kind: 'api_key' | 'jwt';
  /** Lower case. */
  readonly header: string;
  /** The scheme before the credential, lower case; '' where the header holds the credential alone. */
  readonly scheme: string;
}

/** A node of the trie over path segments below an area's prefix. */
export interface RouteNode {
  readonly literal: ReadonlyMap<string, RouteNode>;
  /** `*`: exactly one segment. */
  readonly any: RouteNode | undefined;
  /** The pattern ends here. By method, `*` for the rest. */
  readonly here: ReadonlyMap<string, Route>;
  /** `**`: here and everything below. By method, `*` for the rest. */
  readonly below: ReadonlyMap<string, Route>;
}

export interface Route {
  /** Credits a request costs, at least 0. */
  readonly cost: number;
  /** '' where the route asks for none. */
  readonly permission: string;
  readonly feature: string;
  readonly role: string;
  /** Which endpoint of ours answers here; absent: the upstream does. */
  readonly endpoint?: EndpointName;
}

export interface Tier {
  /** Its rank, which is its place in `Api.tiers`. */
  readonly index: number;
  readonly name: string;
  /** Credits granted at the start of each calendar month, UTC. */
  readonly monthlyCredits: number;
  /** Of scope key and account, one per (scope, window). */
  readonly limits: readonly Limit[];
  /** What sessions take in place of `limits`: of scope session and account; absent where `limits` count keys and sessions together. */
  readonly sessionLimits?: readonly Limit[];
  readonly features: ReadonlySet<string>;
}

/** Where the client's address is read. `forwarded_for` counts trusted hops from the right of `x-forwarded-for`. */
export type ClientAddress =
  | { readonly from: 'peer' }
  | { readonly from: 'header'; readonly header: string }
  | { readonly from: 'forwarded_for'; readonly trustedHops: number };

/** What a check does without a dependency. Identity is never waived. */
export interface OnOutage {
  readonly limits: 'deny' | 'allow';
  readonly credits: 'deny' | 'allow';
}

export interface LimitHeaderFamilies {
  /** `x-ratelimit-limit`, `-remaining`, `-reset`. */
  readonly xRateLimit: boolean;
  /** `ratelimit-policy` and `ratelimit` (IETF draft-ietf-httpapi-ratelimit-headers). */
  readonly ietf: boolean;
}

/** A header the upstream receives on every allow; removed where its value is absent. */
export interface IdentityHeader {
  /** Lower case. */
  readonly name: string;
  readonly value: 'account.id' | 'key.id' | 'tier' | 'api';
}
