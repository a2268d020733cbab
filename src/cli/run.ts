import type { Command } from 'commander';
import type { ConfigPlace } from '../app.ts';
import type { Operations } from '../domain/operations.ts';
import { inertLines } from './inert.ts';
import { note, write, writeJson } from './output.ts';
import type { CliWorld } from './world.ts';

/** One run of one command: its configuration, and where its answer and its messages go. */
export interface Run {
  readonly place: ConfigPlace;
  readonly json: boolean;
  /** The answer: the value where JSON is asked for, else the text. */
  readonly show: (answer: Answer) => Promise<void>;
  readonly note: (message: string) => Promise<void>;
}

export interface Answer {
  readonly value: unknown;
  /** Ends with a newline; '' for none. */
  readonly text: string;
}

interface GlobalFlags {
  readonly config: string;
  readonly set: readonly string[];
  readonly json?: true;
}

export function createRun(world: CliWorld, command: Command): Run {
  const { config, set, json = false } = command.optsWithGlobals<GlobalFlags>();
  return {
    place: { config, sets: set },
    json,
    show: ({ value, text }) =>
      json ? writeJson(world.stdout, value) : write(world.stdout, inertLines(text)),
    note: (message) => note(world.stderr, message),
  };
}

export interface OperationsRun extends Run {
  readonly operations: Operations;
  readonly via: 'hub' | 'store';
}

/** Runs `work` with the operations open, and closes them whatever comes of it. */
export async function withOperations(
  world: CliWorld,
  command: Command,
  work: (run: OperationsRun) => Promise<void>,
): Promise<void> {
  const run = createRun(world, command);
  const opened = await world.program.openOperations(run.place);
  try {
    await work({ ...run, operations: opened.operations, via: opened.via });
  } finally {
    await opened.close();
  }
}

/** What to tell where a change should reach edges and the store was opened directly. */
export const NOBODY_SERVES =
  'No server answers at the socket beside the database: none was waited for. One that serves it all the same learns of this within a moment.';

/** The paragraph of examples under a command's help. */
export function examples(...lines: readonly string[]): string {
  return ['\nExamples:', ...lines.map((line) => `  $ tollgate ${line}`)].join('\n');
}
