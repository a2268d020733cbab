import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addSessionsList } from './list.ts';
import { addSessionsRevoke } from './revoke.ts';
import { addSessionsShow } from './show.ts';

export function addSessions(root: Command, world: CliWorld): void {
  const sessions = root
    .command('sessions')
    .description('Sessions: what API keys were exchanged for.')
    .addHelpText(
      'after',
      examples('sessions list --api freddy --account acme', 'sessions revoke --api freddy --account acme'),
    );
  for (const add of [addSessionsList, addSessionsShow, addSessionsRevoke]) add(sessions, world);
}
