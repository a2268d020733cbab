import { findNearest } from '../nearest.ts';
import type { Fault, KeyPath } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import type { AreaSection, CredentialSection } from '../schema/areas.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** Areas, credentials and routes are unambiguous, and what routes ask for exists. */
export const AREA_CHECKS = [
  check(['areas'], ({ areas }) =>
    areas.flatMap((area, index) => [
      ...findRepeatedPath(areas, area, index),
      ...findCredentialFaults(area.credentials, ['areas', index, 'credentials']),
      ...findRepeatedRoutes(area, ['areas', index, 'routes']),
    ]),
  ),
  check(['areas', 'permissions'], ({ areas, permissions }) =>
    findUnknownNeeds(areas, 'permission', permissions),
  ),
  check(['areas', 'roles'], ({ areas, roles }) => findUnknownNeeds(areas, 'role', roles)),
  check(['areas', 'tiers'], ({ areas, tiers }) => {
    const features = Object.values(tiers ?? {}).flatMap((tier) => tier.features);
    return findUnknownNeeds(areas, 'feature', [...new Set(features)]);
  }),
];

function findRepeatedPath(areas: readonly AreaSection[], { path }: AreaSection, index: number): Fault[] {
  if (areas.findIndex((area) => area.path === path) === index) return [];
  return [{ path: ['areas', index, 'path'], message: `another area has the path ${path} already` }];
}

function findCredentialFaults(credentials: readonly CredentialSection[], path: KeyPath): Fault[] {
  return credentials.flatMap((credential, index) => {
    const { api_key, jwt } = credential;
    const at = [...path, index];
    if ((api_key === undefined) === (jwt === undefined)) {
      return [{ path: at, message: 'expected exactly one of api_key, jwt' }];
    }
    const before = credentials.slice(0, index);
    const source = api_key ?? jwt;
    const kind = api_key === undefined ? 'jwt' : 'api_key';
    const rivals = before.filter((other) => (other.api_key ?? other.jwt)?.header === source?.header);
    if (rivals.some((other) => other[kind] !== undefined)) {
      return [{ path: at, message: `this header holds an ${kind} already` }];
    }
    if (rivals.some((other) => (other.api_key ?? other.jwt)?.scheme !== source?.scheme)) {
      return [{ path: at, message: 'kinds of credentials that share a header share its scheme' }];
    }
    return [];
  });
}

function findRepeatedRoutes({ routes }: AreaSection, path: KeyPath): Fault[] {
  const seen = new Set<string>();
  return routes.flatMap((route, index) => {
    const id = `${route.method} ${route.path}`;
    if (seen.has(id))
      return [{ path: [...path, index], message: 'a route above has this method and path already' }];
    seen.add(id);
    return [];
  });
}

const LISTED_UNDER = { permission: 'permissions', role: 'roles', feature: 'features of any tier' } as const;

function findUnknownNeeds(
  areas: readonly AreaSection[],
  kind: keyof typeof LISTED_UNDER,
  known: readonly string[],
): Fault[] {
  const faults: Fault[] = [];
  for (const [areaIndex, area] of areas.entries()) {
    for (const [routeIndex, { needs }] of area.routes.entries()) {
      const needed = needs[kind];
      if (needed === undefined || known.includes(needed)) continue;
      const path = ['areas', areaIndex, 'routes', routeIndex, 'needs', kind];
      faults.push({ path, message: describeUnknown(needed, LISTED_UNDER[kind], known) });
    }
  }
  return faults;
}

/** `exprots is not among the features of any tier; did you mean exports?` */
export function describeUnknown(name: string, list: string, known: readonly string[]): string {
  const nearest = findNearest(name, known);
  if (nearest !== undefined) return `${name} is not among the ${list}; did you mean ${nearest}?`;
  return `${name} is not among the ${list}: ${known.length === 0 ? 'there are none' : known.join(', ')}`;
}
