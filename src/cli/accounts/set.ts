import { Option } from 'commander';
import type { Command } from 'commander';
import type { AccountChange, AccountRef } from '../../domain/operations.ts';
import { STANDINGS } from '../../domain/principal.ts';
import type { Billing, Standing } from '../../domain/principal.ts';
import { UsageError } from '../failure.ts';
import { examples, withOperations } from '../run.ts';
import { clearable, instant, orCleared, withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { TRIAL_ENDS, addAccountFlags, billingOption, renderAccount } from './flags.ts';

interface Flags extends AccountRef {
  readonly tier?: string;
  readonly billing?: Billing;
  readonly trialEnds?: string | false;
  readonly standing?: Standing;
}

export function addAccountsSet(accounts: Command, world: CliWorld): void {
  addAccountFlags(accounts.command('set'))
    .description('Change an account; what is not named stays as it is.')
    .option('--tier <tier>', 'its tier')
    .addOption(billingOption())
    .option('--trial-ends <time>', `${TRIAL_ENDS}; none to clear`, clearable(instant(world.nowMs)))
    .option('--no-trial-ends', 'clear the end of the trial')
    .addOption(
      new Option('--standing <standing>', 'suspended and disabled keys work again on ok').choices(STANDINGS),
    )
    .addHelpText(
      'after',
      examples(
        'accounts set --api trackyard --id acme --tier pro',
        'accounts set --api truedy --id acme --billing active --no-trial-ends',
      ),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const account = await operations.setAccount({ api: flags.api, id: flags.id }, toChange(flags));
        await show({ value: account, text: renderAccount(account) });
      }),
    );
}

function toChange({ tier, billing, trialEnds, standing }: Flags): AccountChange {
  const change = withoutUndefined<AccountChange>({
    tier,
    billing,
    standing,
    trialEnds: orCleared(trialEnds),
  });
  if (Object.keys(change).length > 0) return change;
  throw new UsageError('nothing to change: give --tier, --billing, --trial-ends or --standing');
}
