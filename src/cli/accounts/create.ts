import type { Command } from 'commander';
import type { NewAccount } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import { instant, wholeFrom } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { TRIAL_ENDS, addAccountFlags, billingOption, renderAccount } from './flags.ts';

export function addAccountsCreate(accounts: Command, world: CliWorld): void {
  addAccountFlags(accounts.command('create'))
    .description('Create an account.')
    .option('--tier <tier>', "its tier; default: the API's default tier")
    .addOption(billingOption())
    .option('--trial-ends <time>', TRIAL_ENDS, instant(world.nowMs))
    .option('--credits <number>', 'purchased credits to begin with', wholeFrom(0))
    .addHelpText(
      'after',
      examples(
        'accounts create --api trackyard --id acme --tier free',
        'accounts create --api truedy --id acme --billing trialing --trial-ends 14d --credits 500',
      ),
    )
    .action((flags: NewAccount, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const account = await operations.createAccount(flags);
        await show({ value: account, text: renderAccount(account) });
      }),
    );
}
