import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addSigningKeysList } from './list.ts';
import { addSigningKeysRotate } from './rotate.ts';

export function addSigningKeys(root: Command, world: CliWorld): void {
  const keys = root
    .command('signing-keys')
    .description("Signing keys: what the access tokens of an API's sessions are signed with.")
    .addHelpText('after', examples('signing-keys list --api freddy', 'signing-keys rotate --api freddy'));
  for (const add of [addSigningKeysList, addSigningKeysRotate]) add(keys, world);
}
