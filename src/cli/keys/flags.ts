import type { Command } from 'commander';
import type { KeyRights, KeyView } from '../../domain/operations.ts';
import { renderPairs } from '../table.ts';
import { instant, repeated, withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';

/** The flags that name one key. */
export function addKeyFlags(command: Command): Command {
  return command
    .requiredOption('--api <api>', 'the API the key belongs to')
    .requiredOption('--id <key id>', 'key_ and 24 hexadecimal digits, as in keys list');
}

export interface RightsFlags {
  readonly tier?: string;
  readonly permission?: readonly string[];
  readonly role?: string;
  readonly allowIp?: readonly string[];
  readonly limit?: readonly string[];
  readonly expires?: string;
}

export const HELP = {
  name: 'what its owner will know it by',
  tier: "a tier of its own; the lower of it and the account's counts",
  permission: 'what it may do; repeatable',
  role: 'its role',
  allowIp: 'only from this address or CIDR block; repeatable',
  limit: "like 10/minute, on top of the tier's; repeatable",
  expires: 'from now like 90d, or a time like 2026-12-01T00:00:00Z',
} as const;

export function addRightsFlags(command: Command, world: CliWorld): Command {
  return command
    .option('--tier <tier>', HELP.tier)
    .option('--permission <permission>', HELP.permission, repeated)
    .option('--role <role>', HELP.role)
    .option('--allow-ip <cidr>', HELP.allowIp, repeated)
    .option('--limit <count/window>', HELP.limit, repeated)
    .option('--expires <time>', HELP.expires, instant(world.nowMs));
}

export function toRights(flags: RightsFlags): KeyRights {
  return withoutUndefined<KeyRights>({
    tier: flags.tier,
    permissions: flags.permission,
    role: flags.role,
    allowIps: flags.allowIp,
    limits: flags.limit,
    expiresAt: flags.expires,
  });
}

export function renderKey(key: KeyView): string {
  return renderPairs([
    ['key', key.id],
    ['api', key.api],
    ['account', key.account],
    ['name', key.name],
    ['hint', key.hint],
    ['status', key.status],
    ['tier', key.tier ?? "the account's"],
    ['permissions', listed(key.permissions, 'none')],
    ['role', key.role ?? 'none'],
    ['allowed from', listed(key.allow_ips ?? [], 'any address')],
    ['limits', listed(key.limits, "the tier's alone")],
    ['created', key.created_at],
    ['expires', key.expires_at ?? 'never'],
    ['revoked', key.revoked_at ?? '-'],
    ['last used', key.last_used_at ?? 'never'],
  ]);
}

function listed(words: readonly string[], none: string): string {
  return words.length === 0 ? none : words.join(', ');
}
