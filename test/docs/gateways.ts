import { fileURLToPath } from 'node:url';
import { RECIPES, RECIPE_NAMES } from '../../src/cli/conformance/choices.ts';
import type { RecipeName } from '../../src/cli/conformance/choices.ts';
import { loadRecipe } from '../../src/cli/conformance/recipes.ts';
import { ATTACKS, ENDPOINT_TRIALS } from '../../src/cli/conformance/attacks/attacks.ts';
import { CASES, loadCases } from '../../src/cli/conformance/table/load.ts';
import type { LoadedCase } from '../../src/cli/conformance/table/load.ts';
import type { ExceptionsText } from '../../src/cli/conformance/table/exceptions.ts';
import { renderBlock } from './block.ts';

export const DEPLOY_README = fileURLToPath(new URL('../../deploy/README.md', import.meta.url));

interface Row {
  readonly gateway: string;
  /** In `deploy/`. */
  readonly recipe: string;
  /** Through what the tests send the cases. */
  readonly tried: string;
}

const HERE = 'a real one, in every run of the tests';

const ROWS: Readonly<Record<RecipeName, Row>> = {
  envoy: { gateway: 'Envoy, `grpc_service`', recipe: '[`envoy.yaml`](../envoy.yaml)', tried: HERE },
  'envoy-http': {
    gateway: 'Envoy, `http_service`',
    recipe: '[`envoy-http.yaml`](envoy-http.yaml)',
    tried: HERE,
  },
  nginx: { gateway: 'NGINX 1.22 and later', recipe: '[`nginx/`](nginx)', tried: HERE },
  caddy: { gateway: 'Caddy 2.6 and later', recipe: '[`caddy/`](caddy)', tried: HERE },
  haproxy: { gateway: 'HAProxy 2.6 and later, with Lua', recipe: '[`haproxy/`](haproxy)', tried: HERE },
  traefik: {
    gateway: 'Traefik 3.6 and later',
    recipe: '[`traefik/`](traefik)',
    tried: 'a real one where `TRAEFIK_BIN` names it, not in every run',
  },
  kong: {
    gateway: 'Kong 3.4 and later',
    recipe: '[`kong/`](kong)',
    tried: 'the plugin under nginx in every run, a real one where `KONG_BIN` names it',
  },
};

/** The page about running it with what each gateway loses, by the exceptions that the tests prove. */
export async function renderDeployReadme(): Promise<string> {
  return renderBlock(DEPLOY_README, 'gateways', renderGatewaysTable());
}

function renderGatewaysTable(): string {
  const cases = loadCases(CASES).filter(({ text }) => text.in_process_only === undefined);
  const attacks = ATTACKS.length + ENDPOINT_TRIALS.length;
  const rows = RECIPE_NAMES.map((name) => toRow(name, cases));
  return [
    `What of ${cases.length} cases each carries with its recipe; all withstand the same ${attacks} attacks.`,
    '',
    '| gateway | dialect | recipe | tried through | as promised |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'What each loses or does otherwise, with the number of cases:',
    '',
    ...RECIPE_NAMES.map((name) => toLosses(name, cases)),
  ].join('\n');
}

function toRow(name: RecipeName, cases: readonly LoadedCase[]): string {
  const { gateway, recipe, tried } = ROWS[name];
  const file = loadRecipe(name);
  const others = countOthers(file, cases);
  const otherwise = new Set([...others.values()].flatMap((titles) => [...titles]));
  const carried = cases.filter(({ title }) => !otherwise.has(title)).length;
  return `| ${gateway} | \`${RECIPES[name]}\` | ${recipe} | ${tried} | ${carried} |`;
}

function toLosses(name: RecipeName, cases: readonly LoadedCase[]): string {
  const file = loadRecipe(name);
  const told = [
    ...file.lost.map(({ why, on, headers }) => {
      const group = on === 'passed' ? 'every answer that passes' : 'refusals';
      return `${why} (${headers.join(', ')} on ${group})`;
    }),
    ...[...countOthers(file, cases)].map(([why, titles]) => `${why} (${titles.size})`),
  ];
  return `- **${ROWS[name].gateway}**: ${told.join('; ') || 'nothing'}.`;
}

/** Titles by the reason why they end otherwise, those with reasons like the one before under that one. */
function countOthers(file: ExceptionsText, cases: readonly LoadedCase[]): Map<string, Set<string>> {
  const others = new Map<string, Set<string>>();
  let reason = '';
  for (const { why, cases: titles } of file.exceptions) {
    if (!why.startsWith('as above')) reason = why;
    others.set(reason, new Set([...(others.get(reason) ?? []), ...titles]));
  }
  if (file.like_envoy) addEnvoys(others, cases);
  return others;
}

const ENVOYS_OWN = 'Envoy answers or mends by itself what is no clean request';

/** What Envoy does itself stands in the cases. */
function addEnvoys(others: Map<string, Set<string>>, cases: readonly LoadedCase[]): void {
  const own = cases.filter(({ steps }) => steps.some((step) => 'answer' in step && step.envoy !== undefined));
  if (own.length > 0) others.set(ENVOYS_OWN, new Set(own.map(({ title }) => title)));
}
