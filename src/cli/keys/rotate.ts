import type { Command } from 'commander';
import { OVERLAP_DEFAULT_MS } from '../../domain/operations.ts';
import type { KeyRef } from '../../domain/operations.ts';
import { examples, withOperations } from '../run.ts';
import { duration } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { showCreated } from './created.ts';
import { addKeyFlags } from './flags.ts';

interface Flags extends KeyRef {
  readonly overlap: number;
}

export function addKeysRotate(keys: Command, world: CliWorld): void {
  addKeyFlags(keys.command('rotate'))
    .description("Create a key with another one's rights and print it; the old one works on for a while.")
    .option('--overlap <duration>', 'how long the old key works on, at most 30d (default: 24h)', duration)
    .addHelpText(
      'after',
      examples('keys rotate --api trackyard --id key_0123456789abcdef01234567 --overlap 12h'),
    )
    .action((flags: Partial<Flags> & KeyRef, command: Command) =>
      withOperations(world, command, async (run) => {
        const { api, id, overlap = OVERLAP_DEFAULT_MS } = flags;
        const created = await run.operations.rotateKey({ api, id }, overlap);
        await showCreated(run, created);
        await run.note(`${id} ends in ${overlap / 3_600_000} h.`);
      }),
    );
}
