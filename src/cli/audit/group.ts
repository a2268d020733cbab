import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addAuditList } from './list.ts';

export function addAudit(root: Command, world: CliWorld): void {
  const audit = root
    .command('audit')
    .description('The audit log: every change, with who made it, when and from where.')
    .addHelpText('after', examples('audit list', 'audit list --object key_0123456789abcdef01234567'));
  addAuditList(audit, world);
}
