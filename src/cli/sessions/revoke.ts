import type { Command } from 'commander';
import type { SessionSelection } from '../../domain/operations.ts';
import { CommandFailed } from '../failure.ts';
import { NOBODY_SERVES, examples, withOperations } from '../run.ts';
import { withoutUndefined } from '../values.ts';
import type { CliWorld } from '../world.ts';

interface Flags {
  readonly api: string;
  readonly id?: string;
  readonly key?: string;
  readonly account?: string;
  readonly wait?: true;
}

export function addSessionsRevoke(sessions: Command, world: CliWorld): void {
  sessions
    .command('revoke')
    .description('End a session, all sessions of a key, or all of an account, for good. The key stays.')
    .requiredOption('--api <api>', 'the API whose sessions')
    .option('--id <session id>', 'this session')
    .option('--key <key id>', 'all sessions of this key')
    .option('--account <id>', 'all sessions of this account')
    .option('--wait', 'exit 1, naming them, if edges may still know the sessions')
    .addHelpText(
      'after',
      examples(
        'sessions revoke --api freddy --id ses_0123456789abcdef01234567 --wait',
        'sessions revoke --api freddy --account acme',
      ),
    )
    .action((flags: Flags, command: Command) =>
      withOperations(world, command, async ({ operations, via, show, note }) => {
        const { api, id, key, account, wait = false } = flags;
        const selection = withoutUndefined<SessionSelection>({ api, session: id, key, account });
        const revoked = await operations.revokeSessions(selection);
        const { ended, unconfirmed } = revoked;
        await show({ value: revoked, text: `${ended} session${ended === 1 ? '' : 's'} ended.\n` });
        if (via === 'store') await note(NOBODY_SERVES);
        if (unconfirmed.length === 0) return;
        const sentence = `not yet confirmed by ${unconfirmed.join(', ')}`;
        if (wait) throw new CommandFailed(`the sessions have ended but this is ${sentence}`);
        await note(`The end is ${sentence}.`);
      }),
    );
}
