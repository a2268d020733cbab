import type { Command } from 'commander';
import { examples, withOperations } from '../run.ts';
import { createTable } from '../table.ts';
import type { CliWorld } from '../world.ts';

const TITLES = ['NAME', 'ROLE', 'CREATED', 'LAST USED', 'STATUS'];

export function addOperatorsList(operators: Command, world: CliWorld): void {
  operators
    .command('list')
    .description('List operators: name, role, created, last used, status; never a token.')
    .addHelpText('after', examples('operators list', 'operators list --json'))
    .action((_flags: object, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const listed = await operations.listOperators();
        const rows = listed.map(({ name, role, created_at, last_used_at, revoked_at }) => [
          name,
          role,
          created_at,
          last_used_at ?? 'never',
          revoked_at === null ? 'active' : `revoked ${revoked_at}`,
        ]);
        await show({ value: listed, text: createTable(TITLES).lines(rows) });
      }),
    );
}
