import { Command } from 'commander';
import { addAccounts } from './accounts/group.ts';
import { addAudit } from './audit/group.ts';
import { addConformance } from './conformance.ts';
import { addDemo } from './demo.ts';
import { EXIT, toFailure } from './failure.ts';
import { inertLines } from './inert.ts';
import { addLint } from './lint/command.ts';
import { addKeys } from './keys/group.ts';
import { addMigrate } from './migrate.ts';
import { addOperators } from './operators/group.ts';
import { note } from './output.ts';
import { addServe } from './serve.ts';
import { examples } from './run.ts';
import { addSessions } from './sessions/group.ts';
import { addSigningKeys } from './signing-keys/group.ts';
import { addTokens } from './tokens/group.ts';
import { addValidate } from './validate.ts';
import { setting } from './values.ts';
import type { CliWorld } from './world.ts';

export interface Cli {
  /** Runs one command; `args` without the program's own name. Exit code: 0 done, 1 refused or failed, 2 wrong usage. */
  run(args: readonly string[]): Promise<number>;
}

const HELP_COLUMNS = 100;

const COMMANDS = [
  addServe,
  addDemo,
  addValidate,
  addLint,
  addConformance,
  addMigrate,
  addAccounts,
  addKeys,
  addSessions,
  addSigningKeys,
  addTokens,
  addOperators,
  addAudit,
];

/** The command line. It names no global: the process comes in as `world`. */
export function createCli(world: CliWorld): Cli {
  return {
    run: async (args) => {
      try {
        await createCommands(world).parseAsync(args, { from: 'user' });
        return EXIT.done;
      } catch (error) {
        const { exitCode, message } = toFailure(error);
        if (message !== '') await note(world.stderr, message);
        return exitCode;
      }
    },
  };
}

function createCommands(world: CliWorld): Command {
  const root = new Command('tollgate')
    .description('External authorization for API gateways: answers exactly as the API promises.')
    .option('--config <file>', 'configuration file', 'config/tollgate.yaml')
    .option('--set <key=value>', 'override any configuration key; repeatable', setting, [])
    .option('--json', 'one JSON value on stdout, messages on stderr')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for the flags and examples)')
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      // Usage errors repeat what was given, and a script may have got that from strangers.
      writeErr: (text) => world.stderr.write(inertLines(text)),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', examples('demo', 'serve', 'validate --config config/tollgate.yaml'));
  for (const add of COMMANDS) add(root, world);
  return root;
}
