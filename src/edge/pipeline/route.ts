import type { Denial, RequestFault } from '../../domain/decision.ts';
import type { Api, Area, Policy, Route, RouteNode } from '../../domain/policy.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import { canonicalHost } from '../../lib/canonical-host.ts';
import { readPath } from '../../lib/canonical-path.ts';
import type { CanonicalPath } from '../../lib/canonical-path.ts';
import { dropsIdentity } from './hop-by-hop.ts';

/** Where a request is aimed at: as far as it could be found, and the refusal where it could not. */
export type Place = Found | NotFound;

export interface Found {
  readonly api: Api;
  readonly area: Area;
  readonly route: Route;
  readonly denial?: undefined;
}

export interface NotFound {
  readonly api: Api | undefined;
  readonly area?: Area;
  readonly route?: undefined;
  readonly denial: Denial;
}

/** Path, host, area and route, in that order; what the configuration does not name is not found. */
export function findPlace(policy: Policy, request: AuthzRequest): Place {
  const api = findApi(policy, request.host);
  const path = readAim(request);
  if (typeof path === 'string') return { api, denial: { code: 'request_ambiguous', fault: path } };
  if (api === undefined) return { api, denial: { code: 'not_found', fault: 'no_host' } };
  if (request.namedApi !== '' && request.namedApi !== api.name) {
    return { api, denial: { code: 'not_found', fault: 'other_api' } };
  }
  if (dropsIdentity(api, request.headers)) {
    return { api, denial: { code: 'request_ambiguous', fault: 'connection' } };
  }
  const area = findArea(api, path.path);
  if (area === undefined) return { api, denial: { code: 'not_found', fault: 'no_area' } };
  const route = findRoute(
    area.routes,
    { segments: path.segments, method: policyMethod(request.method) },
    area.depth,
  );
  if (route === undefined) return { api, area, denial: { code: 'not_found', fault: 'no_route' } };
  return { api, area, route };
}

/** A gateway that said too little has its request read without a method (`createUnreadable`). */
function readAim({ method, target }: AuthzRequest): CanonicalPath | RequestFault {
  if (method === '') return 'unreadable';
  return hasOneReading(method) ? readPath(target) : 'method';
}

function findApi(policy: Policy, host: string): Api | undefined {
  // A name under which the policy knows an API is canonical as it stands: gateways nearly always send it so, and that spares 0.2 µs.
  const known = policy.apiByHost.get(host);
  if (known !== undefined) return known;
  const name = canonicalHost(host);
  return name === undefined ? undefined : policy.apiByHost.get(name);
}

function findArea({ areas }: Api, path: string): Area | undefined {
  for (const area of areas) if (contains(area.prefix, path)) return area;
  return undefined;
}

/** Prefixes end at a segment's end: `/api/v1` does not contain `/api/v10`. */
function contains(prefix: string, path: string): boolean {
  return (
    path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/' || prefix === '')
  );
}

/**
 * Methods are case-sensitive (RFC 9110 §9.1), yet many frameworks read `post` as POST: judged as another method than
 * theirs, it would slip past a rule for POST. CONNECT names no path.
 */
function hasOneReading(method: string): boolean {
  if (method === 'GET' || method === 'POST') return true;
  return /^[A-Z][A-Z0-9_-]*$/.test(method) && method !== 'CONNECT';
}

/** HEAD is judged as the GET whose headers it asks for (RFC 9110 §9.3.2). */
function policyMethod(method: string): string {
  return method === 'HEAD' || method === 'GET' ? 'GET' : method;
}

interface Aim {
  readonly segments: readonly string[];
  readonly method: string;
}

/** The most specific route: literal before `*` before `**`, and a named method before any. */
function findRoute(node: RouteNode, aim: Aim, depth: number): Route | undefined {
  const segment = aim.segments[depth];
  if (segment === undefined) return routeOf(node.here, aim.method) ?? routeOf(node.below, aim.method);
  const literal = node.literal.size === 0 ? undefined : node.literal.get(segment);
  const deeper =
    (literal && findRoute(literal, aim, depth + 1)) ?? (node.any && findRoute(node.any, aim, depth + 1));
  return deeper ?? routeOf(node.below, aim.method);
}

function routeOf(routes: ReadonlyMap<string, Route>, method: string): Route | undefined {
  return routes.get(method) ?? routes.get('*');
}
