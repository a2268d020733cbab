import { ENDPOINT_HOLES } from '../../domain/endpoint.ts';
import { findTemplateFaults } from '../../edge/render/json-template.ts';
import { pathWithin, findAreaOf } from '../endpoints.ts';
import type { Fault } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

const NAMES = ENDPOINT_HOLES.map((hole) => `$${hole}`);

/** Endpoints of ours lie in an area, whose credentials they ask for, and can be rendered. */
export const ENDPOINT_CHECKS = [
  check(['endpoints'], ({ endpoints: { me } }) =>
    me === undefined
      ? []
      : findTemplateFaults(me.body, NAMES).map(({ path, message }) => ({
          path: ['endpoints', 'me', 'body', ...path],
          message,
        })),
  ),
  check(['endpoints', 'areas'], findPlaceFaults),
];

function findPlaceFaults({ endpoints: { me }, areas }: Pick<ApiSections, 'endpoints' | 'areas'>): Fault[] {
  if (me === undefined) return [];
  const path = ['endpoints', 'me', 'path'];
  const area = findAreaOf(areas, me.path);
  if (area === undefined) return [{ path, message: 'lies in no area: no credential could open it' }];
  const within = pathWithin(area, me.path);
  const taken = area.routes.some((route) => route.method === 'GET' && route.path === within);
  return taken ? [{ path, message: 'a route of its area has this path and the method GET already' }] : [];
}
