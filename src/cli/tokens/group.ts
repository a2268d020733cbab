import type { Command } from 'commander';
import { examples } from '../run.ts';
import type { CliWorld } from '../world.ts';
import { addTokensInspect } from './inspect.ts';

export function addTokens(root: Command, world: CliWorld): void {
  const tokens = root
    .command('tokens')
    .description('Tokens (JWT): what they say, and why they are refused.')
    .addHelpText('after', examples('tokens inspect --api clary < token.txt'));
  addTokensInspect(tokens, world);
}
