import type { Command } from 'commander';
import type { ValidationReport } from '../app.ts';
import { formatProblem } from '../config/problems.ts';
import { CommandFailed } from './failure.ts';
import { createRun, examples } from './run.ts';
import { createTable } from './table.ts';
import type { CliWorld } from './world.ts';

export function addValidate(root: Command, world: CliWorld): void {
  root
    .command('validate')
    .description('Load and compile the configuration, render every refusal, and name every problem at once.')
    .addHelpText('after', examples('validate', 'validate --config /etc/tollgate/tollgate.yaml --json'))
    .action(async (_flags: unknown, command: Command) => {
      const run = createRun(world, command);
      const report = await world.program.validate(run.place);
      for (const warning of report.warnings) await run.note(`warning: ${warning}`);
      for (const problem of report.problems) await run.note(formatProblem(problem));
      await run.show({ value: report, text: toTable(report) });
      const { length: count } = report.problems;
      if (count > 0)
        throw new CommandFailed(`${count} problem${count === 1 ? '' : 's'} in the configuration`);
    });
}

function toTable({ apis, problems }: ValidationReport): string {
  if (problems.length > 0) return '';
  const rows = apis.map(({ name, hosts }) => [name, hosts.join(', ')]);
  return `${createTable(['API', 'HOSTS']).lines(rows)}The configuration is valid.\n`;
}
