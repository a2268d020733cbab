import { Document } from 'yaml';

/* A right configuration of each gateway, small enough to be read, and for every rule one change that breaks it. */

type Doc = Readonly<Record<string, unknown>>;

const TYPE = 'type.googleapis.com/envoy.extensions.filters';

function createFilters(check: Doc): Doc[] {
  return [
    { name: 'cors', typed_config: { '@type': `${TYPE}.http.cors.v3.Cors` } },
    { name: 'check', typed_config: { '@type': `${TYPE}.http.ext_authz.v3.ExtAuthz`, ...check } },
    { name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } },
  ];
}

function createManager(check: Doc): Doc {
  return {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    use_remote_address: true,
    always_set_request_id_in_response: true,
    common_http_protocol_options: {
      headers_with_underscores_action: 'REJECT_REQUEST',
      max_stream_duration: '600s',
    },
    http_filters: createFilters(check),
    route_config: {
      request_headers_to_remove: [
        'x-http-method-override',
        'x-http-method',
        'x-method-override',
        'x-original-url',
        'x-original-uri',
        'x-original-method',
        'x-original-host',
        'x-rewrite-url',
        'forwarded',
        'x-forwarded-host',
        'x-forwarded-prefix',
      ],
      virtual_hosts: [
        {
          domains: ['a.example'],
          routes: [
            {
              match: { path: '/me' },
              typed_per_filter_config: {
                check: { '@type': `${TYPE}.http.ext_authz.v3.ExtAuthzPerRoute`, disabled: true },
              },
              request_headers_to_add: [{ header: { key: 'x-gateway-token', value: '%ENVIRONMENT(T)%' } }],
            },
          ],
        },
      ],
    },
  };
}

function createBootstrap(check: Doc): Doc {
  const typed_config = createManager(check);
  return {
    static_resources: {
      listeners: [{ filter_chains: [{ filters: [{ typed_config }] }] }],
      clusters: [
        {
          name: 'authz',
          circuit_breakers: { thresholds: [{ max_retries: 64 }] },
          health_checks: [{ timeout: '1s' }],
        },
        { name: 'app' },
      ],
    },
  };
}

const RIGHT_CHECK: Doc = {
  failure_mode_allow: false,
  status_on_error: { code: 'ServiceUnavailable' },
  validate_mutations: true,
};

const RIGHT_GRPC: Doc = {
  ...RIGHT_CHECK,
  encode_raw_headers: true,
  grpc_service: {
    timeout: '0.5s',
    envoy_grpc: { cluster_name: 'authz' },
    retry_policy: { retry_back_off: { base_interval: '0.01s', max_interval: '0.2s' } },
  },
};

export const RIGHT = {
  'envoy over gRPC': () => createBootstrap(RIGHT_GRPC),
  'envoy over HTTP': () =>
    createBootstrap({
      ...RIGHT_CHECK,
      allowed_headers: { patterns: [{ exact: 'X-API-Key' }, { prefix: 'auth' }] },
      http_service: {
        server_uri: { uri: 'authz', cluster: 'authz', timeout: '0.5s' },
        authorization_request: { headers_to_add: [{ key: 'x-gateway-token', value: '%ENVIRONMENT(T)%' }] },
        authorization_response: { allowed_upstream_headers: { patterns: [{ exact: 'x-account-id' }] } },
      },
    }),
  kong: (): Doc => ({
    _format_version: '3.0',
    services: [{ name: 'app', routes: [{ name: 'all' }] }, { name: 'other' }],
    plugins: [
      {
        name: 'tollgate',
        service: 'app',
        config: { url: 'http://127.0.0.1:9001', token: '{vault://env/tollgate-gateway-token}' },
      },
      { name: 'tollgate', service: { name: 'other' }, config: { token: '{vault://env/t}', timeout: 500 } },
      { name: 'request-transformer', config: { add: { headers: ['x-version:1'] } } },
    ],
  }),
  istio: (): Doc => ({
    meshConfig: {
      pathNormalization: { normalization: 'DECODE_AND_MERGE_SLASHES' },
      extensionProviders: [
        { name: 'zipkin', zipkin: {} },
        { name: 'g', envoyExtAuthzGrpc: { timeout: '0.5s', failOpen: false, statusOnError: '503' } },
        {
          name: 'h',
          envoyExtAuthzHttp: {
            timeout: '0.5s',
            includeRequestHeadersInCheck: ['authorization', 'x-api-key'],
            headersToUpstreamOnAllow: ['x-account-*'],
            headersToDownstreamOnDeny: ['content-type', 'retry-after', 'www-authenticate', 'cache-control'],
          },
        },
      ],
    },
  }),
  'istio policy': (): Doc => ({
    kind: 'AuthorizationPolicy',
    spec: { action: 'CUSTOM', rules: [{ to: [{ operation: { paths: ['/*'] } }] }] },
  }),
  'envoy gateway': (): Doc => ({
    kind: 'SecurityPolicy',
    spec: {
      extAuth: {
        failOpen: false,
        statusOnError: 503,
        timeout: '500ms',
        headersToExtAuth: ['x-api-key', 'authorization'],
        http: { headersToBackend: ['x-account-id'] },
      },
    },
  }),
  'envoy gateway over gRPC': (): Doc => ({
    kind: 'SecurityPolicy',
    spec: { extAuth: { statusOnError: 503, timeout: '500ms', grpc: {} } },
  }),
  'envoy gateway clients': (): Doc => ({
    kind: 'ClientTrafficPolicy',
    spec: { path: { escapedSlashesAction: 'RejectRequest' }, headers: { requestID: 'Generate' } },
  }),
} as const;

export type Gateway = keyof typeof RIGHT;

/** Where a value of a right configuration becomes a wrong one; REMOVED takes it away. */
interface Break {
  readonly gateway: Gateway;
  readonly path: string;
  readonly value: unknown;
}

const REMOVED = Symbol('removed');

type Edit = Omit<Break, 'gateway'>;

const set = (path: string, value: unknown): Edit => ({ path, value });
const drop = (path: string): Edit => set(path, REMOVED);

const MANAGER = 'static_resources.listeners.0.filter_chains.0.filters.0.typed_config.';
const CHECK = `${MANAGER}http_filters.1.typed_config.`;

const below =
  (gateway: Gateway, root: string) =>
  (edit: Edit): Break => ({
    ...edit,
    gateway,
    path: `${root}${edit.path}`,
  });
const manager = below('envoy over gRPC', MANAGER);
const grpc = below('envoy over gRPC', CHECK);
const http = below('envoy over HTTP', CHECK);
const cluster = below('envoy over gRPC', 'static_resources.clusters.0.');
const kong = below('kong', '');
const mesh = below('istio', 'meshConfig.');
const overGrpc = below('istio', 'meshConfig.extensionProviders.1.envoyExtAuthzGrpc.');
const overHttp = below('istio', 'meshConfig.extensionProviders.2.envoyExtAuthzHttp.');
const exception = below('istio policy', 'spec.rules.0.');
const policy = below('envoy gateway', 'spec.extAuth.');
const grpcPolicy = below('envoy gateway over gRPC', 'spec.extAuth.');
const clients = below('envoy gateway clients', 'spec.');

/** The gateway's right configuration, or the broken one, as YAML. */
export function toText(gateway: Gateway, edit?: Break): string {
  const document = new Document(RIGHT[gateway]());
  if (edit !== undefined) {
    const path = edit.path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    if (edit.value === REMOVED) document.deleteIn(path);
    else document.setIn(path, document.createNode(edit.value));
  }
  return document.toString();
}

/** By rule. */
export const BREAKS: Readonly<Record<string, Break>> = {
  'envoy-unchecked-listener': manager(drop('http_filters.1')),
  'envoy-unchecked-route': manager(drop('route_config.virtual_hosts.0.routes.0.request_headers_to_add')),
  'envoy-fail-open': grpc(set('failure_mode_allow', true)),
  'envoy-shadow': grpc(set('shadow_mode', true)),
  'envoy-sampled-check': grpc(set('filter_enabled', { default_value: { numerator: 50 } })),
  'envoy-conditional-check': grpc(set('filter_enabled_metadata', { filter: 'x' })),
  'envoy-path-normalization': manager(drop('normalize_path')),
  'envoy-merge-slashes': manager(set('merge_slashes', false)),
  'envoy-escaped-slashes': manager(set('path_with_escaped_slashes_action', 'KEEP_UNCHANGED')),
  'envoy-underscores': manager(set('common_http_protocol_options.headers_with_underscores_action', 'ALLOW')),
  'envoy-untrusted-forwarding': manager(drop('use_remote_address')),
  'envoy-forged-request-id': manager(set('preserve_external_request_id', true)),
  'envoy-method-override': manager(drop('route_config.request_headers_to_remove.0')),
  'envoy-preflight': manager(set('http_filters', createFilters(RIGHT_GRPC).toReversed())),
  'envoy-validate-mutations': grpc(drop('validate_mutations')),
  'envoy-status-on-error': grpc(drop('status_on_error')),
  'envoy-request-body': grpc(set('with_request_body', { max_request_bytes: 1 })),
  'envoy-withheld-credentials': grpc(
    set('disallowed_headers', { patterns: [{ exact: 'cookie' }, { exact: 'Authorization' }] }),
  ),
  'envoy-grpc-allowed-headers': grpc(set('allowed_headers', { patterns: [{ exact: 'authorization' }] })),
  'envoy-raw-headers': grpc(drop('encode_raw_headers')),
  'envoy-grpc-timeout': grpc(set('grpc_service.timeout', '0.1s')),
  'envoy-retry-pause': grpc(drop('grpc_service.retry_policy.retry_back_off.base_interval')),
  'envoy-retry-timeout': grpc(set('grpc_service.retry_policy.retry_back_off.max_interval', '0.02s')),
  'envoy-http-allowed-headers': http(drop('allowed_headers.patterns.0')),
  'envoy-http-identity': http(drop('http_service.authorization_response.allowed_upstream_headers')),
  'envoy-http-append': http(
    set('http_service.authorization_response.allowed_upstream_headers_to_append', { patterns: [] }),
  ),
  'envoy-http-client-headers': http(
    set('http_service.authorization_response.allowed_client_headers', {
      patterns: [{ exact: 'content-type' }],
    }),
  ),
  'envoy-http-timeout': http(drop('http_service.server_uri.timeout')),
  'envoy-http-token': http(drop('http_service.authorization_request')),
  'envoy-written-token': http(
    set('http_service.authorization_request.headers_to_add.0.value', 'in the open'),
  ),
  'envoy-cluster-retries': cluster(drop('circuit_breakers')),
  'envoy-cluster-health': cluster(drop('health_checks')),
  'envoy-stream-duration': manager(drop('common_http_protocol_options.max_stream_duration')),
  'envoy-request-id': manager(drop('always_set_request_id_in_response')),
  'kong-unchecked-service': kong(drop('plugins.1')),
  'kong-disabled': kong(set('plugins.0.enabled', false)),
  'kong-protocols': kong(set('plugins.0.protocols', ['https'])),
  'kong-token': kong(set('plugins.0.config.token', 'in the open, thirty-two characters')),
  'kong-timeout': kong(set('plugins.1.config.timeout', 100)),
  'kong-other-credentials': kong(set('services.1.plugins', [{ name: 'key-auth' }])),
  'kong-other-limits': kong(set('services.0.routes.0.plugins', [{ name: 'rate-limiting' }])),
  'kong-transformer-add': kong(set('plugins.2.config.add.headers', ['X-Account-Id:root'])),
  'kong-transformer-append': kong(set('plugins.2.config', { append: { headers: ['x-account-id:root'] } })),
  'kong-transformer-replace': kong(set('plugins.2.config', { replace: { headers: ['x-account-id:root'] } })),
  'kong-transformer-rename': kong(set('plugins.2.config', { rename: { headers: ['x-account-id:x-user'] } })),
  'istio-fail-open': overGrpc(set('failOpen', true)),
  'istio-timeout': overGrpc(drop('timeout')),
  'istio-status-on-error': overGrpc(drop('statusOnError')),
  'istio-request-body': overGrpc(set('includeRequestBodyInCheck', { maxRequestBytes: 1 })),
  'istio-http-fail-open': overHttp(set('failOpen', true)),
  'istio-http-timeout': overHttp(set('timeout', '600s')),
  'istio-http-credentials': overHttp(drop('includeRequestHeadersInCheck.0')),
  'istio-http-identity': overHttp(drop('headersToUpstreamOnAllow')),
  'istio-http-denied-headers': overHttp(drop('headersToDownstreamOnDeny.0')),
  'istio-path-normalization': mesh(drop('pathNormalization')),
  'istio-unchecked-requests': exception(set('to.0.operation', { notPaths: ['/health'] })),
  'envoy-gateway-fail-open': policy(set('failOpen', true)),
  'envoy-gateway-timeout': policy(drop('timeout')),
  'envoy-gateway-status-on-error': policy(drop('statusOnError')),
  'envoy-gateway-request-body': policy(set('bodyToExtAuth', { maxRequestBytes: 1 })),
  'envoy-gateway-allowed-headers': grpcPolicy(set('headersToExtAuth', ['authorization'])),
  'envoy-gateway-http-credentials': policy(drop('headersToExtAuth')),
  'envoy-gateway-http-identity': policy(set('http.headersToBackend', ['x-tier'])),
  'envoy-gateway-escaped-slashes': clients(set('path.escapedSlashesAction', 'KeepUnchanged')),
  'envoy-gateway-merge-slashes': clients(set('path.disableMergeSlashes', true)),
  'envoy-gateway-underscores': clients(set('headers.withUnderscoresAction', 'Allow')),
  'envoy-gateway-request-id': clients(set('headers.requestID', 'Preserve')),
};
