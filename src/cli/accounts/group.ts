import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addAccountsCreate } from './create.ts';
import { addAccountsGrant } from './grant.ts';
import { addAccountsSet } from './set.ts';
import { addAccountsShow } from './show.ts';
import { addAccountsResume, addAccountsSuspend } from './standing.ts';

const VERBS = [
  addAccountsCreate,
  addAccountsShow,
  addAccountsSet,
  addAccountsGrant,
  addAccountsSuspend,
  addAccountsResume,
];

export function addAccounts(root: Command, world: CliWorld): void {
  const accounts = root
    .command('accounts')
    .description('Accounts: who pays, which tier, whether trials and subscriptions hold.')
    .addHelpText('after', examples('accounts create --api trackyard --id acme --tier free'));
  for (const add of VERBS) add(accounts, world);
}
