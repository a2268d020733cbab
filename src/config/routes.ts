import { ENDPOINT_METHODS } from '../domain/endpoint.ts';
import type { Route, RouteNode } from '../domain/policy.ts';
import type { EndpointRoute } from './endpoints.ts';
import { parsePattern } from './patterns.ts';
import type { RouteSection } from './schema/areas.ts';

interface GrowingNode extends RouteNode {
  readonly literal: Map<string, GrowingNode>;
  any: GrowingNode | undefined;
  readonly here: Map<string, Route>;
  readonly below: Map<string, Route>;
}

/** The trie of an area's routes, with our own endpoints, which cost nothing. Patterns are valid and no two of them the same. */
export function compileRoutes(
  sections: readonly RouteSection[],
  endpoints: readonly EndpointRoute[] = [],
): RouteNode {
  const root = createNode();
  for (const { path, endpoint } of endpoints) {
    const route: Route = { cost: 0, permission: '', feature: '', role: '', endpoint };
    growTo(root, parsePattern(path) ?? []).here.set(ENDPOINT_METHODS[endpoint], route);
  }
  for (const section of sections) {
    const segments = parsePattern(section.path) ?? [];
    const isOpen = segments.at(-1) === '**';
    const node = growTo(root, isOpen ? segments.slice(0, -1) : segments);
    (isOpen ? node.below : node.here).set(section.method, toRoute(section));
  }
  return root;
}

function createNode(): GrowingNode {
  return { literal: new Map(), any: undefined, here: new Map(), below: new Map() };
}

function growTo(root: GrowingNode, segments: readonly string[]): GrowingNode {
  let node = root;
  for (const segment of segments) node = segment === '*' ? growAny(node) : growLiteral(node, segment);
  return node;
}

function growAny(node: GrowingNode): GrowingNode {
  node.any ??= createNode();
  return node.any;
}

function growLiteral(node: GrowingNode, segment: string): GrowingNode {
  const known = node.literal.get(segment);
  if (known !== undefined) return known;
  const grown = createNode();
  node.literal.set(segment, grown);
  return grown;
}

function toRoute({ credits, needs }: RouteSection): Route {
  return {
    cost: credits,
    permission: needs.permission ?? '',
    feature: needs.feature ?? '',
    role: needs.role ?? '',
  };
}
