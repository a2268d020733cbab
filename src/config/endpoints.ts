import { ENDPOINT_HOLES, ENDPOINT_NAMES, SESSION_HOLES } from '../domain/endpoint.ts';
import type { EndpointName, OwnEndpoint, SessionEndpoints } from '../domain/endpoint.ts';
import { compileHoles } from '../edge/render/json-template.ts';
import type { JsonValue } from '../edge/render/json-template.ts';
import type { AreaSection, CredentialSection } from './schema/areas.ts';
import type { EndpointsSection } from './schema/endpoints.ts';

type Place = Pick<AreaSection, 'path'>;

/** The area that a request for this path meets: the one with the longest prefix. */
export function findAreaOf<A extends Place>(areas: readonly A[], path: string): A | undefined {
  return areas
    .filter((area) => area.path === '/' || path === area.path || path.startsWith(`${area.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

/** The path as the area's routes write it. */
export function pathWithin(area: Place, path: string): string {
  if (area.path === '/') return path;
  return path === area.path ? '/' : path.slice(area.path.length);
}

/** An endpoint of ours as a route of its area. */
export interface EndpointRoute {
  readonly path: string;
  readonly endpoint: EndpointName;
}

interface PlacedEndpoint {
  readonly name: EndpointName;
  /** Host-absolute. */
  readonly path: string;
}

/** Every endpoint that an API has. */
export function listEndpoints(section: EndpointsSection): readonly PlacedEndpoint[] {
  return ENDPOINT_NAMES.flatMap((name) => {
    const path = section[name]?.path;
    return path === undefined ? [] : [{ name, path }];
  });
}

/** The endpoints that lie in one of these areas. */
export function listEndpointRoutes(
  areas: readonly AreaSection[],
  area: AreaSection,
  section: EndpointsSection,
): readonly EndpointRoute[] {
  return listEndpoints(section)
    .filter(({ path }) => findAreaOf(areas, path) === area)
    .map(({ name, path }) => ({ path: pathWithin(area, path), endpoint: name }));
}

/**
 * Endpoints outside every area become areas of their own, each with that one route: so whoever asks there is judged by the same stages.
 * They take what the first area with API keys takes, and tokens only where one may be given up.
 */
export function listEndpointAreas(areas: readonly AreaSection[], section: EndpointsSection): AreaSection[] {
  const main = findKeyArea(areas);
  if (main === undefined) return [];
  return listEndpoints(section)
    .filter(({ path }) => findAreaOf(areas, path) === undefined)
    .map(({ name, path }) => ({
      path,
      challenge: main.challenge,
      preflight: 'check',
      credentials: main.credentials.filter((credential) => isTaken(credential, name)),
      routes: [],
    }));
}

function isTaken({ jwt }: CredentialSection, name: EndpointName): boolean {
  return jwt === undefined || name === 'session_logout' || name === 'oauth_revoke';
}

/** The area whose API keys open endpoints that lie in none. */
export function findKeyArea(areas: readonly AreaSection[]): AreaSection | undefined {
  return areas.find(({ credentials }) => credentials.some(({ api_key }) => api_key !== undefined));
}

export function compileEndpoint(body: JsonValue): OwnEndpoint {
  return { body: compileHoles(body, ENDPOINT_HOLES) };
}

/** Everything about sessions that the API answers itself. */
export function compileSessionEndpoints(section: EndpointsSection): SessionEndpoints {
  const { session_create: create, session_refresh: refresh, session_logout: logout } = section;
  return {
    paths: Object.fromEntries(listEndpoints(section).map(({ name, path }) => [name, path])),
    createBody: create === undefined ? [] : compileHoles(create.body, SESSION_HOLES),
    refreshBody: refresh === undefined ? [] : compileHoles(refresh.body, SESSION_HOLES),
    logoutBody: logout?.body === undefined ? '' : compileLiteral(logout.body),
  };
}

function compileLiteral(body: JsonValue): string {
  return compileHoles<never>(body, []).map(String).join('');
}
