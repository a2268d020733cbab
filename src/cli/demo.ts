import type { Command } from 'commander';
import { createRun, examples } from './run.ts';
import type { CliWorld } from './world.ts';

interface Flags {
  readonly once?: boolean;
}

export function addDemo(root: Command, world: CliWorld): void {
  root
    .command('demo')
    .description(
      'Start Tollgate, an Envoy and an application on a fresh store, and send a request of each kind.',
    )
    .option('--once', 'end after the table; exit 1 where an answer is not the promised one')
    .addHelpText(
      'after',
      examples('demo', 'demo --once --json', 'demo --set check.grpc.listen=127.0.0.1:9000'),
    )
    .action(async ({ once = false }: Flags, command: Command) => {
      const run = createRun(world, command);
      // No other command needs what the demo is made of, and loading it takes longer than most of them.
      const { performDemo } = await import('./demo/perform.ts');
      await performDemo(world, run, { linger: !once });
    });
}
