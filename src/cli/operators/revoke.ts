import type { Command } from 'commander';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';

export function addOperatorsRevoke(operators: Command, world: CliWorld): void {
  operators
    .command('revoke')
    .description("Revoke an operator's token, at once and for ever.")
    .requiredOption('--name <name>', 'as in operators list')
    .addHelpText('after', examples('operators revoke --name ops'))
    .action(({ name }: { readonly name: string }, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const revoked = await operations.revokeOperator(name);
        const since = revoked.revoked_at ?? '';
        await show({ value: revoked, text: `${revoked.name} is revoked since ${since}.\n` });
      }),
    );
}
