import type { KeyPath } from '../../config/problems.ts';
import { itemsOf, membersOf, readAt, walkValues } from './subjects.ts';
import type { Members, Subject } from './subjects.ts';

/** The second one takes a request to an endpoint of Tollgate's own, where the credential is judged. */
const PLUGINS: ReadonlySet<unknown> = new Set(['tollgate', 'tollgate-endpoint']);
const OTHER_CREDENTIAL_PLUGINS: ReadonlySet<unknown> = new Set([
  'key-auth',
  'key-auth-enc',
  'basic-auth',
  'hmac-auth',
  'jwt',
  'oauth2',
  'ldap-auth',
  'openid-connect',
]);
const OTHER_LIMIT_PLUGINS: ReadonlySet<unknown> = new Set(['rate-limiting', 'rate-limiting-advanced']);
const TRANSFORMERS: ReadonlySet<unknown> = new Set(['request-transformer', 'request-transformer-advanced']);

/** What a declarative configuration of Kong (`_format_version`) says about its checks. */
export function findKongSubjects(document: unknown): readonly Subject[] {
  const root = membersOf(document);
  if (root['_format_version'] === undefined) return [];
  return [...findPlugins(root), ...findUncheckedServices(root)];
}

function findPlugins(root: Members): readonly Subject[] {
  const subjects: Subject[] = [];
  for (const [path, value] of walkValues(root)) {
    if (path.at(-2) !== 'plugins') continue;
    const { name } = membersOf(value);
    if (PLUGINS.has(name)) subjects.push({ kind: 'kong plugin', path, value });
    else if (OTHER_CREDENTIAL_PLUGINS.has(name))
      subjects.push({ kind: 'kong other credential plugin', path, value });
    else if (OTHER_LIMIT_PLUGINS.has(name)) subjects.push({ kind: 'kong other limit plugin', path, value });
    else if (TRANSFORMERS.has(name)) subjects.push({ kind: 'kong transformer', path, value });
  }
  return subjects;
}

/** A service is checked by a plugin for all, by one of its own, or by one on each of its routes. */
function findUncheckedServices(root: Members): readonly Subject[] {
  if (itemsOf(root['plugins']).some((plugin) => isOurs(plugin) && !isScoped(plugin))) return [];
  return itemsOf(root['services']).flatMap((service, index) => {
    const path: KeyPath = ['services', index];
    return isServiceChecked(root, membersOf(service))
      ? []
      : [{ kind: 'kong unchecked service', path, value: service } as const];
  });
}

function isServiceChecked(root: Members, service: Members): boolean {
  if (isScopeChecked(root, 'service', service)) return true;
  const attached = itemsOf(root['routes']).filter((route) => isNamed(membersOf(route)['service'], service));
  const routes = [...itemsOf(service['routes']), ...attached].map(membersOf);
  return routes.length > 0 && routes.every((route) => isScopeChecked(root, 'route', route));
}

function isScopeChecked(root: Members, scope: 'service' | 'route', entity: Members): boolean {
  const elsewhere = itemsOf(root['plugins']).filter((plugin) => isNamed(membersOf(plugin)[scope], entity));
  return [...itemsOf(entity['plugins']), ...elsewhere].some(isOurs);
}

/** References are a name, an id, or an object with one of them. */
function isNamed(reference: unknown, { name, id }: Members): boolean {
  if (reference === undefined) return false;
  const texts = [reference, ...readAt(reference, ['name']), ...readAt(reference, ['id'])];
  return texts.some((text) => text !== undefined && (text === name || text === id));
}

function isOurs(plugin: unknown): boolean {
  return PLUGINS.has(membersOf(plugin)['name']);
}

function isScoped(plugin: unknown): boolean {
  const { service, route, consumer } = membersOf(plugin);
  return [service, route, consumer].some((scope) => scope !== undefined && scope !== null);
}
