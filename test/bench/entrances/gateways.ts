import { readFile } from 'node:fs/promises';
import { startEnvoy } from '../../../src/cli/envoy-process.ts';
import type { HttpDialect } from '../../../src/domain/request.ts';
import { startCaddy } from '../../e2e/gateways/caddy.ts';
import type { Gateway, GatewayPlace } from '../../e2e/gateways/gateway.ts';
import { startHaproxy } from '../../e2e/gateways/haproxy.ts';
import { startKong } from '../../e2e/gateways/kong-process.ts';
import type { KongOptions } from '../../e2e/gateways/kong-recipe.ts';
import { startKongStandIn } from '../../e2e/gateways/kong-stand-in.ts';
import { startNginx } from '../../e2e/gateways/nginx.ts';
import { startTraefik } from '../../e2e/gateways/traefik.ts';
import type { requirePart } from '../../parts.ts';
import {
  KONG_PLUGIN,
  toUncheckedCaddy,
  toUncheckedEnvoy,
  toUncheckedHaproxy,
  toUncheckedNginx,
  toUncheckedTraefik,
} from './recipes.ts';

/** With the repository's recipe, or with the one that leaves Tollgate out. */
export type Variant = 'checked' | 'unchecked';

export interface GatewayKind {
  readonly name: string;
  readonly part: Parameters<typeof requirePart>[0];
  /** How it asks; absent: over gRPC. */
  readonly dialect?: HttpDialect;
  start(place: GatewayPlace, variant: Variant): Promise<Gateway>;
}

/** All that the repository has a recipe for and a machine can run. */
export const GATEWAYS: readonly GatewayKind[] = [
  {
    name: 'Envoy, over gRPC',
    part: 'envoy',
    start: (...asked) => startEnvoyOn('../../../envoy.yaml', ...asked),
  },
  {
    name: 'Envoy, over HTTP',
    part: 'envoy',
    dialect: 'envoy-http',
    start: (...asked) => startEnvoyOn('../../../deploy/envoy-http.yaml', ...asked),
  },
  {
    name: 'NGINX, auth_request',
    part: 'nginx',
    dialect: 'nginx',
    start: (place, variant) => startNginx(toPlace(place, variant, toUncheckedNginx)),
  },
  {
    name: 'Caddy, forward-auth',
    part: 'caddy',
    dialect: 'forward-auth',
    start: (place, variant) => startCaddy(toPlace(place, variant, toUncheckedCaddy)),
  },
  {
    name: 'HAProxy, forward-auth by Lua',
    part: 'haproxy',
    dialect: 'forward-auth',
    start: (place, variant) => startHaproxy(toPlace(place, variant, toUncheckedHaproxy)),
  },
  {
    name: 'Traefik, forward-auth',
    part: 'traefik',
    dialect: 'forward-auth',
    start: (place, variant) => startTraefik(toPlace(place, variant, toUncheckedTraefik)),
  },
  {
    name: 'the plugin for Kong, in a stand-in (NGINX with Lua)',
    part: 'nginx_lua',
    dialect: 'kong',
    start: (place, variant) => startKongStandIn(toKongOptions(place, variant)),
  },
  {
    name: 'Kong, its plugin',
    part: 'kong',
    dialect: 'kong',
    start: (place, variant) => startKong(place.binary, toKongOptions(place, variant)),
  },
];

async function startEnvoyOn(recipe: string, place: GatewayPlace, variant: Variant): Promise<Gateway> {
  const text = await readFile(new URL(recipe, import.meta.url), 'utf8');
  const { binary, token, authzPort: authz, appPort: app, publicPort } = place;
  const envoy = await startEnvoy({
    binary,
    recipe: variant === 'checked' ? text : toUncheckedEnvoy(text),
    ports: { listen: 0, admin: 0, authz, app, public: publicPort },
    env: { TOLLGATE_GATEWAY_TOKEN: token },
  });
  return { port: Number(new URL(envoy.baseUrl).port), stop: () => envoy.stop() };
}

function toPlace(place: GatewayPlace, variant: Variant, alter: (recipe: string) => string): GatewayPlace {
  return variant === 'checked' ? place : { ...place, alter };
}

function toKongOptions({ authzPort, appPort, token }: GatewayPlace, variant: Variant): KongOptions {
  const options = { url: `http://127.0.0.1:${authzPort}`, token, appPort };
  return variant === 'checked' ? options : { ...options, without: KONG_PLUGIN };
}
