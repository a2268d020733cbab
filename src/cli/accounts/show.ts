import type { Command } from 'commander';
import type { AccountRef } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addAccountFlags, renderAccount } from './flags.ts';

export function addAccountsShow(accounts: Command, world: CliWorld): void {
  addAccountFlags(accounts.command('show'))
    .description("Show an account's tier, standing, billing and credits.")
    .addHelpText('after', examples('accounts show --api trackyard --id acme'))
    .action((flags: AccountRef, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const account = await operations.showAccount(flags);
        await show({ value: account, text: renderAccount(account) });
      }),
    );
}
