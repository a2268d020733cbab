import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addKeysCreate } from './create.ts';
import { addKeysDigest } from './digest.ts';
import { addKeysImport } from './import.ts';
import { addKeysList } from './list.ts';
import { addKeysRevoke } from './revoke.ts';
import { addKeysRotate } from './rotate.ts';
import { addKeysSet } from './set.ts';
import { addKeysShow } from './show.ts';

const VERBS = [
  addKeysCreate,
  addKeysList,
  addKeysShow,
  addKeysSet,
  addKeysRotate,
  addKeysRevoke,
  addKeysImport,
  addKeysDigest,
];

export function addKeys(root: Command, world: CliWorld): void {
  const keys = root
    .command('keys')
    .description('API keys: who calls, with which rights.')
    .addHelpText(
      'after',
      examples(
        'keys create --api trackyard --account acme --name "Production App"',
        'keys list --api trackyard --account acme',
      ),
    );
  for (const add of VERBS) add(keys, world);
}
