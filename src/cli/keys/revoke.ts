import type { Command } from 'commander';
import type { KeyRef } from '../../domain/operations.ts';
import { CommandFailed } from '../failure.ts';
import { NOBODY_SERVES, examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addKeyFlags, renderKey } from './flags.ts';

interface Flags extends KeyRef {
  readonly wait?: true;
}

export function addKeysRevoke(keys: Command, world: CliWorld): void {
  addKeyFlags(keys.command('revoke'))
    .description('Revoke a key for good.')
    .option('--wait', 'exit 1, naming them, if edges may still know the key')
    .addHelpText('after', examples('keys revoke --api trackyard --id key_0123456789abcdef01234567 --wait'))
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, via, show, note }) => {
        const { api, id, wait = false } = flags;
        const revocation = await operations.revokeKey({ api, id });
        await show({ value: revocation, text: renderKey(revocation) });
        if (via === 'store') await note(NOBODY_SERVES);
        const { unconfirmed } = revocation;
        if (unconfirmed.length === 0) return;
        const sentence = `not yet confirmed by ${unconfirmed.join(', ')}`;
        if (wait) throw new CommandFailed(`${id} is revoked but ${sentence}`);
        await note(`The revocation is ${sentence}.`);
      }),
    );
}
