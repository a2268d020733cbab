import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addOperatorsCreate } from './create.ts';
import { addOperatorsList } from './list.ts';
import { addOperatorsRevoke } from './revoke.ts';

export function addOperators(root: Command, world: CliWorld): void {
  const operators = root
    .command('operators')
    .description('Operators: who may ask the admin API, and with which role.')
    .addHelpText('after', examples('operators create --name ops --role write', 'operators list'));
  for (const add of [addOperatorsCreate, addOperatorsList, addOperatorsRevoke]) add(operators, world);
}
