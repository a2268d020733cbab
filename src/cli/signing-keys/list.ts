import type { Command } from 'commander';
import { examples, withOperations } from '../run.ts';
import { createTable } from '../table.ts';
import type { CliWorld } from '../world.ts';

const TITLES = ['KID', 'ALGORITHM', 'STATE', 'PUBLISHED', 'SIGNS FROM', 'PUBLISHED UNTIL'];

export function addSigningKeysList(keys: Command, world: CliWorld): void {
  keys
    .command('list')
    .description('List signing keys: kid, algorithm, state, times; never a private key.')
    .requiredOption('--api <api>', 'the API whose sessions they sign for')
    .addHelpText('after', examples('signing-keys list --api freddy', 'signing-keys list --api freddy --json'))
    .action(({ api }: { readonly api: string }, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const listed = await operations.listSigningKeys(api);
        const rows = listed.map(({ kid, algorithm, state, published_at, signs_from, published_until }) => [
          kid,
          algorithm,
          state,
          published_at,
          signs_from,
          published_until ?? '-',
        ]);
        await show({ value: listed, text: createTable(TITLES).lines(rows) });
      }),
    );
}
