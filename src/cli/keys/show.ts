import type { Command } from 'commander';
import type { KeyRef } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addKeyFlags, renderKey } from './flags.ts';

export function addKeysShow(keys: Command, world: CliWorld): void {
  addKeyFlags(keys.command('show'))
    .description("Show a key's rights, status and last use, at most 15 seconds late; never the key itself.")
    .addHelpText('after', examples('keys show --api trackyard --id key_0123456789abcdef01234567'))
    .action((flags: KeyRef, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const key = await operations.showKey(flags);
        await show({ value: key, text: renderKey(key) });
      }),
    );
}
