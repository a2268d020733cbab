import { ENDPOINT_HOLES, ENDPOINT_METHODS, SESSION_HOLES } from '../../domain/endpoint.ts';
import type { EndpointName } from '../../domain/endpoint.ts';
import { findTemplateFaults } from '../../edge/render/json-template.ts';
import type { JsonValue } from '../../edge/render/json-template.ts';
import { findAreaOf, findKeyArea, listEndpoints, pathWithin } from '../endpoints.ts';
import type { Fault } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** Endpoints of ours have a place of their own, can be opened and rendered, and stand together where one needs another. */
export const ENDPOINT_CHECKS = [
  check(['endpoints'], findBodyFaults),
  check(['endpoints'], findSharedPaths),
  check(['endpoints', 'areas'], findPlaceFaults),
  check(['endpoints', 'sessions'], findSessionFaults),
  check(['endpoints', 'sessions', 'hosts'], findMetadataFaults),
];

type Endpoints = Pick<ApiSections, 'endpoints'>;

const toNames = (holes: readonly string[]): readonly string[] => holes.map((hole) => `$${hole}`);

/** What each body may show; whoever ends a session learns nothing of it. */
const NAMES = {
  me: toNames(ENDPOINT_HOLES),
  session_create: toNames(SESSION_HOLES),
  session_refresh: toNames(SESSION_HOLES),
  session_logout: [],
} as const;

function findBodyFaults({ endpoints }: Endpoints): Fault[] {
  const { me, session_create, session_refresh, session_logout } = endpoints;
  return [
    ...findIn('me', me?.body),
    ...findIn('session_create', session_create?.body),
    ...findIn('session_refresh', session_refresh?.body),
    ...findIn('session_logout', session_logout?.body),
  ];
}

function findIn(name: keyof typeof NAMES, body: JsonValue | undefined): Fault[] {
  if (body === undefined) return [];
  return findTemplateFaults(body, NAMES[name]).map(({ path, message }) => ({
    path: ['endpoints', name, 'body', ...path],
    message,
  }));
}

/** The path alone says which endpoint is meant: another method than its own is refused by name. */
function findSharedPaths({ endpoints }: Endpoints): Fault[] {
  const placed = listEndpoints(endpoints);
  return placed.flatMap(({ name, path }, index) => {
    const first = placed.find((other) => other.path === path);
    if (first === undefined || first === placed[index]) return [];
    return [{ path: ['endpoints', name, 'path'], message: `endpoints.${first.name} is there already` }];
  });
}

function findPlaceFaults({ endpoints, areas }: Pick<ApiSections, 'endpoints' | 'areas'>): Fault[] {
  return listEndpoints(endpoints).flatMap(({ name, path }) => {
    const at = ['endpoints', name, 'path'];
    const area = findAreaOf(areas, path);
    if (area === undefined) {
      if (name === 'me') return [{ path: at, message: 'lies in no area: no credential could open it' }];
      return findKeyArea(areas) === undefined ? [{ path: at, message: NO_KEYS }] : [];
    }
    const takesKeys = area.credentials.some(({ api_key }) => api_key !== undefined);
    if (NEEDS_KEY.has(name) && !takesKeys) return [{ path: at, message: 'lies in an area without API keys' }];
    const within = pathWithin(area, path);
    const method = ENDPOINT_METHODS[name];
    const taken = area.routes.some((route) => route.method === method && route.path === within);
    const message = `a route of its area has this path and the method ${method} already`;
    return taken ? [{ path: at, message }] : [];
  });
}

const NO_KEYS = 'no area takes API keys, so nobody could ask here';
const NEEDS_KEY: ReadonlySet<EndpointName> = new Set(['session_create', 'oauth_token']);

/** What each endpoint is nothing without. */
const NEEDS: Readonly<Partial<Record<EndpointName, readonly (readonly EndpointName[])[]>>> = {
  session_refresh: [['session_create']],
  session_create: [['session_refresh', 'oauth_token']],
  oauth_metadata: [['oauth_token'], ['jwks']],
};

function findSessionFaults({ endpoints, sessions }: Pick<ApiSections, 'endpoints' | 'sessions'>): Fault[] {
  const names = listEndpoints(endpoints).map(({ name }) => name);
  const own = names.filter((name) => name !== 'me');
  if (sessions === undefined) {
    return own.map((name) => ({
      path: ['endpoints', name],
      message: 'the API has no sessions',
      atKey: true,
    }));
  }
  const needs = own.flatMap((name) => (NEEDS[name] ?? []).map((anyOf) => ({ name, anyOf })));
  const lacking = needs
    .filter(({ anyOf }) => !anyOf.some((name) => names.includes(name)))
    .map(({ name, anyOf }): Fault => {
      const message = `needs ${anyOf.map((other) => `endpoints.${other}`).join(' or ')}`;
      return { path: ['endpoints', name], message, atKey: true };
    });
  if (names.includes('session_create') || names.includes('oauth_token')) return lacking;
  const message = 'nobody could begin one: give endpoints.session_create or endpoints.oauth_token';
  return [...lacking, { path: ['sessions'], message, atKey: true }];
}

/** RFC 8414 §3.3: what the metadata call the issuer is where they were found. */
function findMetadataFaults({
  endpoints,
  sessions,
  hosts,
}: Pick<ApiSections, 'endpoints' | 'sessions' | 'hosts'>): Fault[] {
  const host = URL.parse(sessions?.issuer ?? '')?.hostname;
  if (endpoints.oauth_metadata === undefined || host === undefined || hosts.includes(host)) return [];
  const message = `clients look for the metadata on its host, and ${host} is not among hosts`;
  return [{ path: ['sessions', 'issuer'], message }];
}
