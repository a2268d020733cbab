import type { Command } from 'commander';
import { PAGE_MAX } from '../../domain/operations.ts';
import type { Operations, SessionQuery, SessionView } from '../../domain/operations.ts';
import { writePages } from '../pages.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';

const TITLES = ['ID', 'ACCOUNT', 'KEY', 'CREATED', 'REFRESHED', 'IDLE UNTIL', 'EXPIRES', 'STATUS'];

interface Flags {
  readonly api: string;
  readonly account?: string;
  readonly key?: string;
}

export function addSessionsList(sessions: Command, world: CliWorld): void {
  sessions
    .command('list')
    .description('List sessions that have not ended: id, account, key, times; never a token.')
    .requiredOption('--api <api>', 'the API whose sessions')
    .option('--account <id>', 'only the sessions of this account')
    .option('--key <key id>', 'only the sessions of this key')
    .addHelpText(
      'after',
      examples('sessions list --api freddy', 'sessions list --api freddy --account acme --json'),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, ({ operations, json }) =>
        writePages(world, pages(operations, flags), json ? 'json' : { titles: TITLES, toRow }),
      ),
    );
}

async function* pages(operations: Operations, flags: Flags): AsyncGenerator<readonly SessionView[]> {
  const { api, account, key } = flags;
  const query: SessionQuery = {
    api,
    ...(account === undefined ? {} : { account }),
    ...(key === undefined ? {} : { key }),
    limit: PAGE_MAX,
  };
  let next: string | null = '';
  while (next !== null) {
    const page = await operations.listSessions({ ...query, ...(next === '' ? {} : { after: next }) });
    yield page.items;
    next = page.next;
  }
}

function toRow(session: SessionView): readonly string[] {
  const { id, account, key, status, created_at, refreshed_at, idle_until, expires_at } = session;
  return [id, account, key, created_at, refreshed_at, idle_until, expires_at, status];
}
