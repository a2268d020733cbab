import type { Command } from 'commander';
import type { SessionRef, SessionView } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import { renderPairs } from '../table.ts';
import type { CliWorld } from '../world.ts';

export function addSessionsShow(sessions: Command, world: CliWorld): void {
  sessions
    .command('show')
    .description('Show a session, for a day after its end too: its key, its times, why it ended.')
    .requiredOption('--api <api>', 'the API the session belongs to')
    .requiredOption('--id <session id>', 'ses_ and 24 hexadecimal digits, as in sessions list')
    .addHelpText('after', examples('sessions show --api freddy --id ses_0123456789abcdef01234567'))
    .action(({ api, id }: SessionRef, command: Command) =>
      withOperations(world, command, async ({ operations, show }) => {
        const session = await operations.showSession({ api, id });
        await show({ value: session, text: renderSession(session) });
      }),
    );
}

function renderSession(session: SessionView): string {
  return renderPairs([
    ['session', session.id],
    ['api', session.api],
    ['account', session.account],
    ['key', session.key],
    ['status', session.status],
    ['created', session.created_at],
    ['refreshed', session.refreshed_at],
    ['idle until', session.idle_until],
    ['expires', session.expires_at],
    ['ended', session.ended_at ?? '-'],
    ['because of', session.ended_why ?? '-'],
  ]);
}
