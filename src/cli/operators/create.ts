import { Option } from 'commander';
import type { Command } from 'commander';
import { OPERATOR_ROLES } from '../../domain/operators.ts';
import type { NewOperator } from '../../domain/operators.ts';
import { examples, withOperations } from '../run.ts';
import type { CliWorld } from '../world.ts';

export function addOperatorsCreate(operators: Command, world: CliWorld): void {
  operators
    .command('create')
    .description('Create an operator and print its token, once, alone on stdout.')
    .requiredOption('--name <name>', 'how the audit log names it; never given twice')
    .addOption(
      new Option('--role <role>', 'read looks, write looks and changes')
        .choices(OPERATOR_ROLES)
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      examples('operators create --name ops --role write', 'operators create --name board --role read'),
    )
    .action(({ name, role }: NewOperator, command: Command) =>
      withOperations(world, command, async ({ operations, show, note }) => {
        const created = await operations.createOperator({ name, role });
        await show({ value: created, text: `${created.token}\n` });
        await note(
          `${created.name}: the token is shown this once and kept by nobody else; store it safely now.`,
        );
      }),
    );
}
