import type { Command } from 'commander';
import type { AccountRef, CreditGrant } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import { wholeFrom, withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { addAccountFlags, renderAccount } from './flags.ts';

type Flags = AccountRef & CreditGrant;

export function addAccountsGrant(accounts: Command, world: CliWorld): void {
  addAccountFlags(accounts.command('grant'))
    .description('Add purchased credits to an account.')
    .requiredOption('--credits <number>', 'how many', wholeFrom(1))
    .option('--ref <text>', 'counts once, ever: a second grant under it changes nothing')
    .addHelpText('after', examples('accounts grant --api trackyard --id acme --credits 100 --ref invoice-17'))
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const { api, id, credits, ref } = flags;
        const grant = withoutUndefined<CreditGrant>({ credits, ref });
        const account = await operations.grantCredits({ api, id }, grant);
        await show({ value: account, text: renderAccount(account) });
      }),
    );
}
