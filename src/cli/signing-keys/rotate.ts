import type { Command } from 'commander';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';

interface Flags {
  readonly api: string;
  readonly atOnce?: true;
}

export function addSigningKeysRotate(keys: Command, world: CliWorld): void {
  keys
    .command('rotate')
    .description(
      'Publish the next signing key. It signs once whoever keeps the key set has had time to fetch it.',
    )
    .requiredOption('--api <api>', 'the API whose sessions it signs for')
    .option(
      '--at-once',
      'sign with it now and drop every other key: access tokens end, refresh tokens work on',
    )
    .addHelpText(
      'after',
      examples('signing-keys rotate --api freddy', 'signing-keys rotate --api freddy --at-once'),
    )
    .action(({ api, atOnce }: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const start = atOnce === true ? 'at_once' : 'published';
        const key = await operations.rotateSigningKey({ api, start });
        await show({ value: key, text: `${key.kid} is published and signs from ${key.signs_from} on.\n` });
      }),
    );
}
