import { requirePart } from '../../parts.ts';
import type { Part } from '../../parts.ts';
import { startKong } from './kong-process.ts';
import type { KongFront, KongOptions } from './kong-recipe.ts';
import { startKongStandIn } from './kong-stand-in.ts';
import type { TableRun } from './table.ts';

/** Where the plugin runs. */
export interface FrontKind {
  readonly name: string;
  readonly part: Part;
  start(options: KongOptions): Promise<KongFront>;
}

/** Kong as the tests that all gateways share want one. */
export function toRun(kind: FrontKind, config: NonNullable<KongOptions['config']> = {}): TableRun {
  return {
    name: 'kong',
    title: kind.name,
    dialect: 'kong',
    part: kind.part,
    start: ({ authzPort, ...place }) =>
      kind.start({ ...place, url: `http://127.0.0.1:${authzPort}`, config }),
  };
}

/** nginx with a stand-in for Kong, and a real Kong where KONG_BIN names one. */
export async function findFronts(): Promise<readonly FrontKind[]> {
  const real = await requirePart('kong');
  const binary = 'found' in real ? real.found : '';
  return [
    {
      name: 'a stand-in for Kong',
      part: await requirePart('nginx_lua'),
      start: startKongStandIn,
    },
    { name: 'a real Kong', part: real, start: (options) => startKong(binary, options) },
  ];
}
