import type { RefusalCode } from '../domain/decision.ts';
import type { ErrorProfile } from '../domain/error-profile.ts';
import type { Limit, LimitScope } from '../domain/limit.ts';
import type { Api, Area, ClientAddress, CredentialSource, Policy, Tier } from '../domain/policy.ts';
import type { RowText } from '../edge/render/json-template.ts';
import { compileErrors } from '../edge/render/profile.ts';
import { REFUSAL_CODES } from '../edge/render/status.ts';
import type { ParsedLimit } from '../lib/limit-text.ts';
import { listCredentialHeaders } from './credential-headers.ts';
import type { ApiDocument, ConfigDocument } from './document.ts';
import {
  compileEndpoint,
  compileSessionEndpoints,
  listEndpointAreas,
  listEndpointRoutes,
} from './endpoints.ts';
import { findRow } from './error-rows.ts';
import { compileFallbackErrors, fallbackRow } from './fallback.ts';
import { compileRoutes } from './routes.ts';
import type { AreaSection, CredentialSection } from './schema/areas.ts';
import type { TierSection } from './schema/tiers.ts';
import { compileTokens } from './tokens.ts';

/** Everything that a check looks up. Pure: the same document gives the same indices in every thread. */
export function compile(document: ConfigDocument): Policy {
  const compiled = document.apis.map((source, index) => ({ source, api: compileApi(source, index) }));
  const hosts = compiled.flatMap(({ source, api }) => source.hosts.map((host) => [host, api] as const));
  const headers = document.apis.flatMap(({ areas }) => listCredentialHeaders(areas));
  return {
    apis: compiled.map(({ api }) => api),
    apiByHost: new Map(hosts),
    fallbackErrors: compileFallbackErrors(),
    credentialHeaders: [...new Set(headers)].sort(),
  };
}

function compileApi(api: ApiDocument, index: number): Api {
  const tiers = compileTiers(api);
  const { me } = api.endpoints;
  const areas = [...api.areas, ...listEndpointAreas(api.areas, api.endpoints)];
  return {
    index,
    name: api.api,
    areas: areas
      .map((area) => compileArea(areas, area, api.endpoints))
      .sort((a, b) => b.prefix.length - a.prefix.length),
    keys: { prefix: api.keys.prefix, imports: api.keys.imports, sealed: api.keys.key_signed_jwt },
    tiers,
    defaultTier: Math.max(
      0,
      tiers.findIndex(({ name }) => name === api.default_tier),
    ),
    permissions: api.permissions,
    roles: api.roles,
    billing: api.billing,
    clientAddress: compileClientAddress(api.client_address),
    onOutage: api.on_outage,
    errors: compileErrorTable(api),
    limitHeaders: {
      xRateLimit: api.limit_headers.includes('x-ratelimit'),
      ietf: api.limit_headers.includes('ietf'),
    },
    tokens: compileTokens(api),
    upstream: Object.entries(api.upstream.set).map(([name, value]) => ({ name, value: IDENTITY[value] })),
    ...(me === undefined ? {} : { me: compileEndpoint(me.body) }),
    ...(api.sessions && { sessionEndpoints: compileSessionEndpoints(api.endpoints) }),
  };
}

const IDENTITY = {
  '$account.id': 'account.id',
  '$key.id': 'key.id',
  $tier: 'tier',
  $api: 'api',
} as const;

function compileArea(
  areas: readonly AreaSection[],
  area: AreaSection,
  endpoints: ApiDocument['endpoints'],
): Area {
  const prefix = area.path === '/' ? '' : area.path;
  return {
    prefix,
    depth: prefix.split('/').length - 1,
    credentials: area.credentials.flatMap(toSources),
    challenge: area.challenge,
    preflight: area.preflight,
    routes: compileRoutes(area.routes, listEndpointRoutes(areas, area, endpoints)),
  };
}

function toSources({ api_key, jwt }: CredentialSection): CredentialSource[] {
  return [...toSource('api_key', api_key), ...toSource('jwt', jwt)];
}

function toSource(kind: CredentialSource['kind'], source: CredentialSection['jwt']): CredentialSource[] {
  return source === undefined ? [] : [{ kind, header: source.header, scheme: source.scheme }];
}

/** An API without tiers has one without a name, which everybody has. */
function compileTiers({ tiers, credits, limits }: ApiDocument): Tier[] {
  const common = {
    features: [],
    credits: credits ?? { monthly: 0 },
    limits: limits ?? { key: [], account: [], session: [] },
  };
  return Object.entries(tiers ?? { '': common }).map(([name, tier], index) => compileTier(name, tier, index));
}

function compileTier(name: string, { credits, limits, features }: TierSection, index: number): Tier {
  const byAccount = compileLimits('account', limits.account);
  return {
    index,
    name,
    monthlyCredits: credits.monthly,
    limits: [...compileLimits('key', limits.key), ...byAccount],
    ...(limits.session.length > 0 && {
      sessionLimits: [...compileLimits('session', limits.session), ...byAccount],
    }),
    features: new Set(features),
  };
}

function compileLimits(scope: LimitScope, limits: readonly ParsedLimit[]): Limit[] {
  return limits.map(({ count, windowMs, windowName }) => ({
    scope,
    count,
    windowMs,
    name: `${scope}-${windowName}`,
  }));
}

function compileClientAddress({ from, header, trusted_hops }: ApiDocument['client_address']): ClientAddress {
  if (from === 'header') return { from, header: header ?? '' };
  if (from === 'forwarded_for') return { from, trustedHops: trusted_hops ?? 0 };
  return { from };
}

/** A refusal without a row is one that the API cannot answer with; should it come all the same, it is a bug and is answered as one. */
function compileErrorTable({ errors }: ApiDocument): ErrorProfile {
  const bug = findRow(errors, 'internal_error') ?? fallbackRow('internal_error');
  const rows = REFUSAL_CODES.map((code) => [code, findRow(errors, code) ?? bug] as const);
  return compileErrors({
    body: errors.body,
    contentType: errors.content_type,
    rows: Object.fromEntries(rows) as Record<RefusalCode, RowText>,
  });
}
