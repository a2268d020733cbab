import type { Command } from 'commander';
import type { KeyChange, KeyRef } from '../../domain/operations.ts';
import { UsageError } from '../failure.ts';
import { examples, withOperations } from '../run.ts';
import { NONE, asText, clearable, instant, orCleared, repeated, withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { HELP, addKeyFlags, renderKey } from './flags.ts';

interface Flags extends KeyRef {
  readonly name?: string;
  readonly tier?: string | false;
  readonly permission?: readonly string[] | false;
  readonly role?: string | false;
  readonly allowIp?: readonly string[] | false;
  readonly limit?: readonly string[] | false;
  readonly expires?: string | false;
}

export function addKeysSet(keys: Command, world: CliWorld): void {
  addKeyFlags(keys.command('set'))
    .description('Change a key; what is not named stays, a list replaces the one before, none clears.')
    .option('--name <name>', HELP.name)
    .option('--tier <tier>', HELP.tier, clearable(asText))
    .option('--no-tier', "the account's tier")
    .option('--permission <permission>', HELP.permission, repeated)
    .option('--no-permission', 'no permission')
    .option('--role <role>', HELP.role, clearable(asText))
    .option('--no-role', 'no role')
    .option('--allow-ip <cidr>', HELP.allowIp, repeated)
    .option('--no-allow-ip', 'any address')
    .option('--limit <count/window>', HELP.limit, repeated)
    .option('--no-limit', 'no limit of its own')
    .option('--expires <time>', HELP.expires, clearable(instant(world.nowMs)))
    .option('--no-expires', 'never expires')
    .addHelpText(
      'after',
      examples(
        'keys set --api trackyard --id key_0123456789abcdef01234567 --limit 5/minute --limit 100/day',
        'keys set --api trackyard --id key_0123456789abcdef01234567 --no-expires --allow-ip none',
      ),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const key = await operations.setKey({ api: flags.api, id: flags.id }, toChange(flags));
        await show({ value: key, text: renderKey(key) });
      }),
    );
}

function toChange(flags: Flags): KeyChange {
  const allowIps = listOrCleared('--allow-ip', flags.allowIp);
  const change = withoutUndefined<KeyChange>({
    name: flags.name,
    tier: orCleared(flags.tier),
    permissions: listOrCleared('--permission', flags.permission),
    role: orCleared(flags.role),
    // No address at all would be a key that never works: cleared means any.
    allowIps: allowIps?.length === 0 ? null : allowIps,
    limits: listOrCleared('--limit', flags.limit),
    expiresAt: orCleared(flags.expires),
  });
  if (Object.keys(change).length > 0) return change;
  throw new UsageError(
    'nothing to change: give --name, --tier, --permission, --role, --allow-ip, --limit or --expires',
  );
}

/** `none` clears a list only alone: beside a value it is more likely a mistake than a wish. */
function listOrCleared(
  flag: string,
  values: readonly string[] | false | undefined,
): readonly string[] | undefined {
  if (values === false) return [];
  if (!values?.includes(NONE)) return values;
  if (values.length > 1) throw new UsageError(`${flag} ${NONE} cannot stand beside other values of ${flag}`);
  return [];
}
