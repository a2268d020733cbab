import type { Command } from 'commander';
import type { AccountRef } from '../../domain/operations.ts';
import type { Standing } from '../../domain/principal.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addAccountFlags, renderAccount } from './flags.ts';

export function addAccountsSuspend(accounts: Command, world: CliWorld): void {
  const verb = addAccountFlags(accounts.command('suspend'))
    .description("Refuse an account's keys until it is resumed.")
    .addHelpText('after', examples('accounts suspend --api freddy --id acme'));
  setStanding(verb, world, 'suspended');
}

export function addAccountsResume(accounts: Command, world: CliWorld): void {
  const verb = addAccountFlags(accounts.command('resume'))
    .description("Let a suspended or disabled account's keys work again.")
    .addHelpText('after', examples('accounts resume --api freddy --id acme'));
  setStanding(verb, world, 'ok');
}

function setStanding(verb: Command, world: CliWorld, standing: Standing): void {
  verb.action((flags: AccountRef, command: Command) =>
    withOperations(world, command, async ({ operations, show }) => {
      const account = await operations.setAccount(flags, { standing });
      await show({ value: account, text: renderAccount(account) });
    }),
  );
}
