import type { Difference } from '../difference.ts';
import { isGrpc, isOutage } from '../titles.ts';

/** What to change, in one sentence, and which rules of `tollgate lint` find the place. */
export interface Cure {
  readonly text: string;
  readonly rules: readonly string[];
}

type Topic = 'open' | 'unchecked' | 'identity' | 'credential' | 'client headers' | 'body' | 'misleading';

type Cures = Readonly<Partial<Record<string, Cure>>>;

const cure = (text: string, ...rules: readonly string[]): Cure => ({ text, rules });

/** By entrance: whoever asks over one is a gateway of one kind, or of one of a few. */
const CURES: Readonly<Record<Topic, Cures>> = {
  open: {
    'envoy-grpc': cure(
      'failure_mode_allow: false (Istio: failOpen, Envoy Gateway: failOpen)',
      'envoy-fail-open',
      'istio-fail-open',
      'envoy-gateway-fail-open',
    ),
    'envoy-http': cure('failure_mode_allow: false', 'envoy-fail-open', 'istio-http-fail-open'),
    nginx: cure(
      'let auth_request end in an error when Tollgate does not answer (deploy/nginx/tollgate-checked.conf)',
    ),
    'forward-auth': cure('pass on nothing but what Tollgate answered with a 2xx (the recipes in deploy/)'),
    kong: cure('use the plugin of deploy/kong, which fails closed', 'kong-disabled'),
  },
  unchecked: {
    'envoy-grpc': cure(
      'let no route, listener or share of the requests go unchecked',
      'envoy-unchecked-route',
      'envoy-unchecked-listener',
      'envoy-shadow',
      'envoy-path-normalization',
    ),
    'envoy-http': cure(
      'let no route, listener or share of the requests go unchecked',
      'envoy-unchecked-route',
      'envoy-unchecked-listener',
      'envoy-shadow',
      'envoy-path-normalization',
    ),
    nginx: cure('put auth_request into every location, and route by the path that was judged (deploy/nginx)'),
    'forward-auth': cure('put the check before every route to an application (the recipes in deploy/)'),
    kong: cure('enable the plugin on every service', 'kong-unchecked-service', 'kong-protocols'),
  },
  identity: {
    'envoy-grpc': cure('let ext_authz change headers, and remove aliases of them', 'envoy-underscores'),
    'envoy-http': cure(
      'list every identity header in allowed_upstream_headers, which overwrites, and remove aliases',
      'envoy-http-identity',
      'envoy-http-append',
      'envoy-underscores',
      'istio-http-identity',
    ),
    nginx: cure('proxy_set_header for every identity header (deploy/nginx/tollgate-checked.conf)'),
    'forward-auth': cure(
      'Traefik: authResponseHeaders; Caddy: copy_headers as in the recipe; HAProxy: its Lua action',
    ),
    kong: cure('let no other plugin write these headers', 'kong-transformer-add', 'kong-transformer-append'),
  },
  credential: {
    'envoy-grpc': cure('do not withhold credentials from the check: Tollgate names them for removal'),
    'envoy-http': cure('pass x-envoy-auth-headers-to-remove on', 'envoy-http-identity'),
    nginx: cure(
      "proxy_set_header Authorization ''; likewise X-Api-Key and Api-Key (deploy/nginx/tollgate-checked.conf)",
    ),
    'forward-auth': cure(
      'remove credential headers after the check (tollgate-strip in deploy/traefik/routes.yaml)',
    ),
    kong: cure('use the plugin of deploy/kong, which removes them', 'kong-other-credentials'),
  },
  'client headers': {
    'envoy-http': cure(
      'list the header in allowed_client_headers, and in allowed_client_headers_on_success for answers that pass',
      'envoy-http-client-headers',
      'istio-http-denied-headers',
    ),
    nginx: cure('add_header … always in tollgate-checked.conf and tollgate-refused.conf (deploy/nginx)'),
    'forward-auth': cure('take the header over as the recipe for this gateway in deploy/ does'),
    kong: cure('let no other plugin remove or write it', 'kong-other-limits'),
  },
  body: {
    nginx: cure('error_page 401 403 = @tollgate_refused with deploy/nginx/tollgate-refused.conf'),
    'forward-auth': cure('hand the body of a refusal on as the recipe for this gateway in deploy/ does'),
    kong: cure('let no plugin behind Tollgate’s rewrite answers'),
  },
  misleading: {
    'envoy-grpc': cure(
      'remove these headers on the way to the application (envoy.yaml)',
      'envoy-method-override',
    ),
    'envoy-http': cure(
      'remove these headers on the way to the application (deploy/envoy-http.yaml)',
      'envoy-method-override',
    ),
    nginx: cure("proxy_set_header <name> '' as deploy/nginx/tollgate-checked.conf does"),
    'forward-auth': cure(
      'remove these headers after the check (tollgate-strip in deploy/traefik/routes.yaml)',
    ),
    kong: cure('use the plugin of deploy/kong, which removes them'),
  },
};

const WITHHELD: Cures = {
  'envoy-grpc': cure(
    'send every credential header to the check',
    'envoy-grpc-allowed-headers',
    'envoy-withheld-credentials',
  ),
  'envoy-http': cure(
    'list every credential header in allowed_headers',
    'envoy-http-allowed-headers',
    'envoy-gateway-http-credentials',
  ),
  nginx: cure(
    'send every header of the request with the question (deploy/nginx/nginx.conf, location /.tollgate)',
  ),
  'forward-auth': cure('send every header of the request with the question: no authRequestHeaders, no list'),
};

/** Gateways that speak HTTP/1.1 alone serve no gRPC client. */
const GRPC = cure(
  'serve HTTP/2 where --gateway says, without TLS in clear text, or name its port with --gateway-http2; without gRPC clients declare these cases left_out (--exceptions, as src/cli/conformance/recipes/nginx.yaml does)',
);

/** What is known to help against a difference at this entrance; undefined where nothing is. */
export function findCure(difference: Difference, entrance: string, title: string): Cure | undefined {
  switch (difference.kind) {
    case 'let through':
      return CURES[isOutage(title) ? 'open' : 'unchecked'][entrance];
    case 'credential upstream':
      return CURES.credential[entrance];
    case 'forged upstream':
    case 'identity lost':
      return CURES.identity[entrance];
    case 'misleading upstream':
      return CURES.misleading[entrance];
    case 'header missing':
    case 'header changed':
      return CURES['client headers'][entrance];
    case 'status':
    case 'body':
      return CURES.body[entrance];
    case 'no answer':
      return isGrpc(title) ? GRPC : undefined;
    case 'stopped':
      return difference.status === 401 ? WITHHELD[entrance] : undefined;
    default:
      return undefined;
  }
}
