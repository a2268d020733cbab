import { readFileSync } from 'node:fs';
import type { GatewayName } from '../../domain/request.ts';
import { parseExceptions } from './table/exceptions.ts';
import type { ExceptionsText } from './table/exceptions.ts';

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

/** What a gateway with the repository's recipe is known to do otherwise, each proved by a run through a real one. */
export function loadRecipe(name: RecipeName): ExceptionsText {
  return parseExceptions(readFileSync(new URL(`recipes/${name}.yaml`, import.meta.url), 'utf8'));
}
