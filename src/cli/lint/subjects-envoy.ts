import { itemsOf, membersOf, readAt, walkValues } from './subjects.ts';
import type { Members, Subject } from './subjects.ts';

const MANAGER = '.HttpConnectionManager';
const CHECK = '.ext_authz.v3.ExtAuthz';
const PER_ROUTE = '.ext_authz.v3.ExtAuthzPerRoute';
const GATEWAY_TOKEN = 'x-gateway-token';
const FILTER_TYPES = ['http_filters', '*', 'typed_config', '@type'];

/** What an Envoy bootstrap, or a patch that holds parts of one, says about its checks. */
export function findEnvoySubjects(document: unknown): readonly Subject[] {
  const subjects: Subject[] = [];
  const clusters = new Set<unknown>();
  for (const [path, value] of walkValues(document)) {
    const members = membersOf(value);
    const type = typeOf(members);
    if (type.endsWith(MANAGER)) subjects.push(...toManager({ path, value }));
    if (type.endsWith(CHECK)) {
      subjects.push(...toCheck({ path, value }));
      for (const name of readAt(value, ['grpc_service', 'envoy_grpc', 'cluster_name'])) clusters.add(name);
    }
    if (members['key'] === GATEWAY_TOKEN) subjects.push({ kind: 'envoy gateway token', path, value });
    if (isUncheckedRoute(members)) subjects.push({ kind: 'envoy unchecked route', path, value });
  }
  return [...subjects, ...findClusters(document, clusters)];
}

type Found = Pick<Subject, 'path' | 'value'>;

/** A patch may speak of a manager and leave its filters alone: then there is nothing to be missed. */
function toManager(found: Found): readonly Subject[] {
  if (readAt(found.value, ['http_filters']).length === 0) return [];
  const isChecked = readAt(found.value, FILTER_TYPES).some((type) => String(type).endsWith(CHECK));
  if (!isChecked) return [{ ...found, kind: 'envoy unchecked manager' }];
  const [routes] = readAt(found.value, ['route_config']);
  const inline: readonly Subject[] =
    routes === undefined
      ? []
      : [{ kind: 'envoy routes', path: [...found.path, 'route_config'], value: routes }];
  return [{ ...found, kind: 'envoy manager' }, ...inline];
}

function toCheck(found: Found): readonly Subject[] {
  const { grpc_service: grpc, http_service: http } = membersOf(found.value);
  return [
    { ...found, kind: 'envoy check' },
    ...(grpc === undefined ? [] : [{ ...found, kind: 'envoy check over grpc' } as const]),
    ...(http === undefined ? [] : [{ ...found, kind: 'envoy check over http' } as const]),
  ];
}

function isUncheckedRoute({ match, typed_per_filter_config: perFilter }: Members): boolean {
  if (match === undefined) return false;
  return Object.values(membersOf(perFilter)).some((config) => {
    const members = membersOf(config);
    return typeOf(members).endsWith(PER_ROUTE) && members['disabled'] === true;
  });
}

function findClusters(document: unknown, names: ReadonlySet<unknown>): readonly Subject[] {
  const path = ['static_resources', 'clusters'];
  const [clusters] = readAt(document, path);
  return itemsOf(clusters).flatMap((value, index) =>
    names.has(membersOf(value)['name'])
      ? [{ kind: 'envoy check cluster', path: [...path, index], value } as const]
      : [],
  );
}

function typeOf({ '@type': type }: Members): string {
  return typeof type === 'string' ? type : '';
}
