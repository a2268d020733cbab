import { itemsOf, membersOf, readAt } from './subjects.ts';
import type { Members, Subject } from './subjects.ts';

/** What manifests of Istio and of Envoy Gateway, and a mesh configuration by itself, say about checks. */
export function findKubernetesSubjects(document: unknown): readonly Subject[] {
  const members = membersOf(document);
  switch (members['kind']) {
    case 'SecurityPolicy':
      return toSecurityPolicy(members);
    case 'ClientTrafficPolicy':
      return [{ kind: 'envoy gateway clients', path: ['spec'], value: members['spec'] }];
    case 'AuthorizationPolicy':
      return toExceptions(members);
    case 'IstioOperator':
      return findMesh(readAt(members, ['spec', 'meshConfig'])[0], ['spec', 'meshConfig']);
    default:
      return [
        ...findMesh(members['meshConfig'], ['meshConfig']),
        ...('extensionProviders' in members ? findMesh(members, []) : []),
      ];
  }
}

function toSecurityPolicy(members: Members): readonly Subject[] {
  const path = ['spec', 'extAuth'];
  const [value] = readAt(members, path);
  if (value === undefined) return [];
  const overHttp = 'http' in membersOf(value);
  return [
    { kind: 'envoy gateway check', path, value },
    ...(overHttp ? [{ kind: 'envoy gateway check over http', path, value } as const] : []),
  ];
}

/** Requests that a custom rule leaves out are not checked at all. */
function toExceptions(members: Members): readonly Subject[] {
  if (readAt(members, ['spec', 'action'])[0] !== 'CUSTOM') return [];
  const [rules] = readAt(members, ['spec', 'rules']);
  return itemsOf(rules).flatMap((rule, index) => {
    const isException = readAt(rule, ['to', '*', 'operation']).some((operation) =>
      Object.keys(membersOf(operation)).some((name) => name.startsWith('not')),
    );
    const path = ['spec', 'rules', index];
    return isException ? [{ kind: 'istio exception', path, value: rule } as const] : [];
  });
}

function findMesh(mesh: unknown, path: readonly string[]): readonly Subject[] {
  if (mesh === undefined) return [];
  const providers = itemsOf(membersOf(mesh)['extensionProviders']);
  const checks = providers.flatMap((provider, index) =>
    toProvider(provider, [...path, 'extensionProviders', index]),
  );
  return checks.length === 0 ? [] : [{ kind: 'istio mesh', path, value: mesh }, ...checks];
}

function toProvider(provider: unknown, path: Subject['path']): readonly Subject[] {
  const { envoyExtAuthzGrpc: grpc, envoyExtAuthzHttp: http } = membersOf(provider);
  const overGrpc: Subject = {
    kind: 'istio check over grpc',
    path: [...path, 'envoyExtAuthzGrpc'],
    value: grpc,
  };
  const overHttp: Subject = {
    kind: 'istio check over http',
    path: [...path, 'envoyExtAuthzHttp'],
    value: http,
  };
  return [overGrpc, overHttp].filter(({ value }) => value !== undefined);
}
