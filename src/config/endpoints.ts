import { ENDPOINT_HOLES } from '../domain/endpoint.ts';
import type { EndpointName, OwnEndpoint } from '../domain/endpoint.ts';
import { compileHoles } from '../edge/render/json-template.ts';
import type { JsonValue } from '../edge/render/json-template.ts';
import type { AreaSection } from './schema/areas.ts';
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

/** The endpoints that lie in one of these areas. */
export function listEndpointRoutes(
  areas: readonly AreaSection[],
  area: AreaSection,
  { me }: EndpointsSection,
): readonly EndpointRoute[] {
  if (me === undefined || findAreaOf(areas, me.path) !== area) return [];
  return [{ path: pathWithin(area, me.path), endpoint: 'me' }];
}

export function compileEndpoint(body: JsonValue): OwnEndpoint {
  return { body: compileHoles(body, ENDPOINT_HOLES) };
}
