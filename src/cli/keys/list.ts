import { Option } from 'commander';
import type { Command } from 'commander';
import { PAGE_MAX } from '../../domain/operations.ts';
import type { KeyQuery, KeyStatus, KeyView, Operations } from '../../domain/operations.ts';
import { writePages } from '../pages.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';

const STATUSES: readonly KeyStatus[] = ['active', 'expired', 'revoked'];
const TITLES = ['ID', 'ACCOUNT', 'NAME', 'HINT', 'CREATED', 'LAST USED', 'STATUS'];

interface Flags {
  readonly api: string;
  readonly account?: string;
  readonly status?: KeyStatus;
}

export function addKeysList(keys: Command, world: CliWorld): void {
  keys
    .command('list')
    .description('List keys: id, account, name, created, last used, status; never a key itself.')
    .requiredOption('--api <api>', 'the API whose keys')
    .option('--account <id>', 'only the keys of this account')
    .addOption(new Option('--status <status>', 'only keys in this state').choices(STATUSES))
    .addHelpText(
      'after',
      examples(
        'keys list --api trackyard',
        'keys list --api trackyard --account acme --status active --json',
      ),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, json }) => {
        await writePages(world, pages(operations, flags), json ? 'json' : { titles: TITLES, toRow });
      }),
    );
}

async function* pages(operations: Operations, flags: Flags): AsyncGenerator<readonly KeyView[]> {
  const { status, ...query } = flags;
  let next: string | null = '';
  while (next !== null) {
    const asked: KeyQuery = { ...query, limit: PAGE_MAX, ...(next === '' ? {} : { after: next }) };
    const page = await operations.listKeys(asked);
    yield status === undefined ? page.items : page.items.filter((key) => key.status === status);
    next = page.next;
  }
}

function toRow(key: KeyView): readonly string[] {
  return [key.id, key.account, key.name, key.hint, key.created_at, key.last_used_at ?? 'never', key.status];
}
