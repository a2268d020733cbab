import type { Command } from 'commander';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { showCreated } from './created.ts';
import { HELP, addRightsFlags, toRights } from './flags.ts';
import type { RightsFlags } from './flags.ts';

interface Flags extends RightsFlags {
  readonly api: string;
  readonly account: string;
  readonly name: string;
}

export function addKeysCreate(keys: Command, world: CliWorld): void {
  const verb = keys
    .command('create')
    .description('Create a key and print it, once, alone on stdout.')
    .requiredOption('--api <api>', 'the API it opens')
    .requiredOption('--account <id>', 'the account it belongs to')
    .requiredOption('--name <name>', HELP.name);
  addRightsFlags(verb, world)
    .addHelpText(
      'after',
      examples(
        'keys create --api trackyard --account acme --name "Production App"',
        'keys create --api clary --account acme --name ci --permission documents:read --expires 90d',
        'keys create --api truedy --account acme --name web --allow-ip 203.0.113.0/24 --limit 10/minute',
      ),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async (run) => {
        const { api, account, name } = flags;
        const created = await run.operations.createKey({ api, account, name, ...toRights(flags) });
        await showCreated(run, created);
      }),
    );
}
