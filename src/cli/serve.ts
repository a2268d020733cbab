import type { Command } from 'commander';
import type { Running } from './program.ts';
import { createRun, examples } from './run.ts';
import type { Run } from './run.ts';
import { renderPairs } from './table.ts';
import type { CliWorld } from './world.ts';

export function addServe(root: Command, world: CliWorld): void {
  root
    .command('serve')
    .description('Answer the gateway until SIGTERM or SIGINT.')
    .addHelpText('after', examples('serve', 'serve --set check.grpc.listen=0.0.0.0:9000'))
    .action(async (_flags: unknown, command: Command) => {
      const run = createRun(world, command);
      const stop = world.takeSignals();
      const running = await world.program.serve(run.place);
      try {
        await announce(run, running);
        await untilStopped(running, stop);
      } finally {
        await running.stop();
      }
    });
}

/** Resolves when the operator asks for the end; rejects where the server ended by itself. */
export async function untilStopped(running: Running, stop: AbortSignal): Promise<void> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  stop.addEventListener('abort', () => ask(), { once: true });
  if (stop.aborted) ask();
  await Promise.race([asked, running.ended]);
}

async function announce(run: Run, { listeners, notes }: Running): Promise<void> {
  for (const each of notes) await run.note(each);
  const lines = listeners.map(({ name, address }) => [name, address] as const);
  await run.show({ value: { listeners, notes }, text: `Tollgate answers.\n${renderPairs(lines)}` });
}
