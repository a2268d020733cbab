import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { AuditChange, AuditEntry, AuditQuery } from '../../domain/audit.ts';
import { PAGE_MAX } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import { createTable } from '../table.ts';
import { withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';

const TITLES = ['AT', 'ACTOR', 'SOURCE', 'ACTION', 'API', 'OBJECT', 'CHANGED'];
const LINES_DEFAULT = 50;
const LINES_MAX = 10_000;

interface Flags {
  readonly object?: string;
  readonly limit: number;
}

export function addAuditList(audit: Command, world: CliWorld): void {
  audit
    .command('list')
    .description('List changes, newest first.')
    .option('--object <id>', 'only what was done to the account, key or operator of this id')
    .option('--limit <count>', `how many, at most ${LINES_MAX}`, lineCount, LINES_DEFAULT)
    .addHelpText('after', examples('audit list --limit 10', 'audit list --object acme --json'))
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const entries = await readEntries(operations, flags);
        await show({ value: entries, text: createTable(TITLES).lines(entries.map(toRow)) });
      }),
    );
}

async function readEntries(operations: Operations, { object, limit }: Flags): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let after: string | null | undefined;
  while (after !== null && entries.length < limit) {
    const asked: AuditQuery = withoutUndefined<AuditQuery>({
      object,
      after,
      limit: Math.min(PAGE_MAX, limit - entries.length),
    });
    const page = await operations.listAudit(asked);
    entries.push(...page.items);
    after = page.next;
  }
  return entries;
}

function toRow(entry: AuditEntry): readonly string[] {
  const changed = Object.entries(entry.changed).map(([name, change]) => `${name}: ${toText(change)}`);
  const { at, actor, source, action } = entry;
  return [at, actor, source, action, entry.api ?? '-', entry.object ?? '-', changed.join(', ')];
}

function toText({ from, to }: AuditChange): string {
  return from === null ? JSON.stringify(to) : `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
}

function lineCount(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= LINES_MAX) return count;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${LINES_MAX}.`);
}
