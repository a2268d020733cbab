import type { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { readSecret } from '../secret.ts';
import { createRun, examples } from '../run.ts';
import type { CliWorld } from '../world.ts';

export function addKeysDigest(keys: Command, world: CliWorld): void {
  keys
    .command('digest')
    .description('Read a key from stdin and print the digest that may stand for it in a configuration file.')
    .addHelpText('after', examples('keys digest < key.txt'))
    // Commander's own refusal repeats what was given, which here may be a key.
    .allowExcessArguments()
    .action(async (_flags: unknown, command: Command) => {
      if (command.args.length > 0) {
        throw new UsageError(
          'a key is read from stdin, never from an argument, which every process can read',
        );
      }
      const run = createRun(world, command);
      const key = await readSecret(world, 'Key (not shown): ');
      const digest = await world.program.digest(run.place, key);
      await run.show({ value: { digest }, text: `${digest}\n` });
    });
}
