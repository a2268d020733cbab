import { Option } from 'commander';
import type { Command } from 'commander';
import type { AccountView } from '../../domain/operations.ts';
import { BILLINGS } from '../../domain/principal.ts';
import { renderPairs } from '../table.ts';

/** The flags that name one account. */
export function addAccountFlags(command: Command): Command {
  return command
    .requiredOption('--api <api>', 'the API the account belongs to')
    .requiredOption('--id <id>', "the account's id, unique within its API");
}

export function billingOption(): Option {
  return new Option('--billing <state>', 'state of the subscription').choices(BILLINGS);
}

export const TRIAL_ENDS = 'end of the trial: 2026-12-01T00:00:00Z, a date, or from now like 14d';

export function renderAccount(account: AccountView): string {
  const { credits } = account;
  return renderPairs([
    ['account', account.id],
    ['api', account.api],
    ['tier', account.tier ?? '-'],
    ['standing', account.standing],
    ['billing', account.billing],
    ['trial ends', account.trial_ends ?? '-'],
    ['credits left', String(credits.remaining)],
    ['a month', String(credits.monthly_allowance)],
    ['purchased', String(credits.purchased)],
    ['created', account.created_at],
  ]);
}
