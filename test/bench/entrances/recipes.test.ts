import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  toUncheckedCaddy,
  toUncheckedEnvoy,
  toUncheckedHaproxy,
  toUncheckedNginx,
  toUncheckedTraefik,
} from './recipes.ts';

const ROOT = new URL('../../../', import.meta.url);

const readRecipe = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** `asks` is what no recipe that asks can be without; `forwards`, how a request comes to the application. */
const RECIPES = [
  {
    path: 'envoy.yaml',
    leaveOut: toUncheckedEnvoy,
    asks: /- name: envoy\.filters\.http\.ext_authz\n/,
    forwards: /cluster: app\b/,
  },
  {
    path: 'deploy/envoy-http.yaml',
    leaveOut: toUncheckedEnvoy,
    asks: /- name: envoy\.filters\.http\.ext_authz\n/,
    forwards: /cluster: app\b/,
  },
  {
    path: 'deploy/nginx/nginx.conf',
    leaveOut: toUncheckedNginx,
    asks: /^include tollgate-checked|^ *include tollgate-checked|^auth_request /m,
    forwards: /proxy_pass http:\/\/app;/,
  },
  {
    path: 'deploy/caddy/Caddyfile',
    leaveOut: toUncheckedCaddy,
    asks: /reverse_proxy 127\.0\.0\.1:9001/,
    forwards: /reverse_proxy 127\.0\.0\.1:8082/,
  },
  {
    path: 'deploy/haproxy/haproxy.cfg',
    leaveOut: toUncheckedHaproxy,
    asks: /lua\.tollgate|status 503/,
    forwards: /default_backend app/,
  },
  {
    path: 'deploy/traefik/routes.yaml',
    leaveOut: toUncheckedTraefik,
    asks: /middlewares: \[.*\btollgate,/,
    forwards: /service: app/,
  },
];

describe.each(RECIPES)('$path', ({ path, leaveOut, asks, forwards }) => {
  const recipe = readRecipe(path);
  const unchecked = leaveOut(recipe);

  test('asks nobody, and still forwards', () => {
    expect(recipe).toMatch(asks);
    expect(unchecked).not.toMatch(asks);
    expect(unchecked).toMatch(forwards);
  });

  test('cannot be measured against itself: where there is nothing to leave out, it throws', () => {
    expect(() => leaveOut(unchecked)).toThrow(/^the recipe/);
  });
});
