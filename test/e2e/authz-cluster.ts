import { parse, stringify } from 'yaml';

/** How Envoy reaches Tollgate, other than the recipe has it. */
export interface AuthzCluster {
  /** `127.0.0.1:9000` or `unix:/path`, one for each server. */
  readonly addresses: readonly string[];
  readonly tls?: {
    readonly authority: string;
    readonly serverName: string;
    /** Paths of certificate and key; absent: Envoy shows none. */
    readonly own?: { readonly certificate: string; readonly key: string };
  };
  /** How often health is asked, as Envoy writes it; the recipe's 5s where absent. */
  readonly healthInterval?: string;
}

/** The name under which the changed cluster stands beside the recipe's own, in stats as well. */
export const AUTHZ = 'authz_under_test';

interface Cluster {
  name: string;
  type: string;
  transport_socket?: unknown;
  health_checks: { interval: string; no_traffic_interval: string }[];
  load_assignment: { cluster_name: string; endpoints: unknown[] };
}

interface Recipe {
  static_resources: { clusters: Cluster[] };
}

/** The recipe, asking this cluster in place of its own; all else stays as it is. */
export function withAuthz(text: string, authz: AuthzCluster): string {
  const recipe = parse(text, { maxAliasCount: -1, merge: true }) as Recipe;
  const { clusters } = recipe.static_resources;
  const own = clusters.find(({ name }) => name === 'authz');
  if (own === undefined) throw new Error('the recipe has no cluster authz');
  clusters.push(changed(structuredClone(own), authz));
  const asked = stringify(recipe, { aliasDuplicateObjects: false }).replaceAll(
    /cluster_name: authz\n(\s+authority: authz)/g,
    `cluster_name: ${AUTHZ}\n$1`,
  );
  if (!asked.includes(`cluster_name: ${AUTHZ}\n`)) throw new Error('the recipe asks no cluster authz');
  return asked;
}

function changed(cluster: Cluster, { addresses, tls, healthInterval }: AuthzCluster): Cluster {
  const isPath = addresses.every((address) => address.startsWith('unix:'));
  const interval = healthInterval ?? cluster.health_checks[0]?.interval ?? '5s';
  return {
    ...cluster,
    name: AUTHZ,
    type: isPath ? 'STATIC' : cluster.type,
    ...(tls && { transport_socket: toTransportSocket(tls) }),
    health_checks: cluster.health_checks.map((check) => ({
      ...check,
      interval,
      no_traffic_interval: interval,
    })),
    load_assignment: {
      cluster_name: AUTHZ,
      endpoints: [
        { lb_endpoints: addresses.map((address) => ({ endpoint: { address: toAddress(address) } })) },
      ],
    },
  };
}

function toAddress(address: string) {
  if (address.startsWith('unix:')) return { pipe: { path: address.slice('unix:'.length) } };
  const [host = '', port = ''] = address.split(':');
  return { socket_address: { address: host, port_value: Number(port) } };
}

function toTransportSocket({ authority, serverName, own }: NonNullable<AuthzCluster['tls']>) {
  const shown = own && {
    tls_certificates: [
      { certificate_chain: { filename: own.certificate }, private_key: { filename: own.key } },
    ],
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: serverName,
      common_tls_context: {
        alpn_protocols: ['h2'],
        ...shown,
        validation_context: {
          trusted_ca: { filename: authority },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
        },
      },
    },
  };
}
