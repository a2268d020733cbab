import { HTTP_DIALECTS } from '../../domain/request.ts';
import type { GatewayName } from '../../domain/request.ts';

/*
 * What a person may choose from. The command line shows it, so that it imports nothing of what a run needs.
 */

export const ENTRANCES: readonly GatewayName[] = ['envoy-grpc', ...HTTP_DIALECTS];

export const FORMATS = ['text', 'json', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

/** A recipe of `deploy/` for a gateway, by what Tollgate is asked with. */
export const RECIPES = {
  envoy: 'envoy-grpc',
  'envoy-http': 'envoy-http',
  nginx: 'nginx',
  caddy: 'forward-auth',
  haproxy: 'forward-auth',
  traefik: 'forward-auth',
  kong: 'kong',
} as const satisfies Readonly<Record<string, GatewayName>>;

export type RecipeName = keyof typeof RECIPES;

export const RECIPE_NAMES = Object.keys(RECIPES) as readonly RecipeName[];
