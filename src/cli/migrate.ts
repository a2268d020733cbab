import type { Command } from 'commander';
import { createRun, examples } from './run.ts';
import type { CliWorld } from './world.ts';

export function addMigrate(root: Command, world: CliWorld): void {
  root
    .command('migrate')
    .description("Bring the store's tables to this program's version; running it again changes nothing.")
    .addHelpText('after', examples('migrate', 'migrate --set store.url=sqlite:var/tollgate.db'))
    .action(async (_flags: unknown, command: Command) => {
      const run = createRun(world, command);
      const report = await world.program.migrate(run.place);
      const { store, steps } = report;
      const done = steps.length === 0 ? `${store} is up to date` : `${store}: ${steps.join(', ')}`;
      await run.show({ value: report, text: `${done}\n` });
    });
}
