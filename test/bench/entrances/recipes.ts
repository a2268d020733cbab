import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';

/*
 * The repository's recipes with one thing left out: the question to Tollgate. What they do besides (ids, headers they strip, limits)
 * stays, so that the difference between the two is what authorization costs a gateway. A recipe that no longer has what is to be left
 * out throws: a bench against itself would tell nothing.
 */

export const KONG_PLUGIN = 'tollgate';

const NGINX_CHECKED = new URL('../../../deploy/nginx/tollgate-checked.conf', import.meta.url);
const HTTP_FILTERS = [
  ...['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0],
  ...['typed_config', 'http_filters'],
] as const;
const EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const FILTERS_MAX = 32;

export function toUncheckedEnvoy(recipe: string): string {
  const document = parseDocument(recipe);
  for (let at = 0; at < FILTERS_MAX; at += 1) {
    if (document.getIn([...HTTP_FILTERS, at, 'name']) !== EXT_AUTHZ) continue;
    document.deleteIn([...HTTP_FILTERS, at]);
    return document.toString();
  }
  throw new Error('the recipe for Envoy has no filter ext_authz');
}

/** The main file with the other one, which asks, put in its place. Without the question its variables are empty, and NGINX sends no empty header. */
export function toUncheckedNginx(recipe: string): string {
  const checked = leaveOut(readFileSync(NGINX_CHECKED, 'utf8'), /^auth_request .*\n/m);
  const include = 'include tollgate-checked.conf;';
  if (!recipe.includes(include)) throw new Error(`the recipe has no ${include}`);
  return recipe.replaceAll(include, () => checked);
}

export function toUncheckedCaddy(recipe: string): string {
  return leaveOut(recipe, /^(\t+)reverse_proxy 127\.0\.0\.1:9001 \{\n[\s\S]*?^\1\}\n/m);
}

export function toUncheckedHaproxy(recipe: string): string {
  const unasked = leaveOut(recipe, /^ +http-request lua\.tollgate .*\n/m);
  const unrefused = leaveOut(
    unasked,
    /^ +http-request return status 503 .* unless \{ var\(txn\.tollgate\).*\n/m,
  );
  return leaveOut(unrefused, /^ +http-response lua\.tollgate_limits\n/m);
}

export function toUncheckedTraefik(recipe: string): string {
  return leaveOut(recipe, /(?<=middlewares: \[tollgate-question, )tollgate, /);
}

function leaveOut(recipe: string, part: RegExp): string {
  const left = recipe.replace(part, '');
  if (left === recipe) throw new Error(`the recipe has nothing like ${part.source}`);
  return left;
}
