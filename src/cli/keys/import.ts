import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { IMPORT_BATCH_MAX } from '../../domain/operations.ts';
import type { ImportedKey, KeyView } from '../../domain/operations.ts';
import { ShapeError } from '../../lib/shape.ts';
import { CommandFailed } from '../failure.ts';
import { toInertJson } from '../inert.ts';
import { readLines } from '../lines.ts';
import type { Line } from '../lines.ts';
import { write } from '../output.ts';
import { examples, withOperations } from '../run.ts';
import type { OperationsRun } from '../run.ts';
import { wholeFrom } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { fromImportLine } from './import-line.ts';
import type { ImportTarget } from './import-line.ts';

/** The least between two batches, so that whoever else writes to the database comes in between, in milliseconds. */
const PAUSE_MS_MIN = 4;
/** No single answer that came late, or clock that was set, makes the import sleep, in milliseconds. */
const PAUSE_MS_MAX = 1_000;
/** Beside a running server: so many times as long as the batch before took. The busier the checks keep it, the more room they get. */
const REST_PER_WORK = 3;

interface Flags extends ImportTarget {
  readonly fromLine: number;
}

interface Batch {
  readonly lastLine: number;
  readonly keys: readonly ImportedKey[];
}

export function addKeysImport(keys: Command, world: CliWorld): void {
  keys
    .command('import')
    .description('Take over keys made elsewhere, from a file of JSON lines or from stdin.')
    .argument('[file]', 'one {"key","name",…} a line; default: stdin')
    .requiredOption('--api <api>', 'the API they open')
    .option('--account <id>', 'the account of lines that name none')
    .option(
      '--from-line <number>',
      'skip the lines before, which an earlier run has imported',
      wholeFrom(1),
      1,
    )
    .addHelpText(
      'after',
      `
Members of a line: key, name, account, tier, permissions, role, allow_ips, limits, expires_at.
Lines are taken ${IMPORT_BATCH_MAX} at a time, all or none; an error says with which --from-line to go on.
${examples('keys import --api clary --account acme legacy.jsonl', 'keys import --api clary < legacy.jsonl')}`,
    )
    .action((file: string | undefined, flags: Flags, command: Command) =>
      withOperations(world, command, async (run) => {
        const input = file === undefined ? world.stdin : createReadStream(file);
        await importAll(world, run, {
          fromLine: flags.fromLine,
          batches: toBatches(readLines(input), flags),
        });
      }),
    );
}

interface Work {
  readonly fromLine: number;
  readonly batches: AsyncIterable<Batch>;
}

async function importAll(world: CliWorld, run: OperationsRun, work: Work): Promise<void> {
  const answer = run.json ? createJsonAnswer(world) : createCountAnswer(world);
  const stop = world.takeSignals();
  let next = work.fromLine;
  await answer.start();
  try {
    for await (const { keys, lastLine } of work.batches) {
      if (stop.aborted) throw new CommandFailed('the import was stopped');
      const begunMs = world.nowMs();
      await answer.add(await run.operations.importKeys(keys));
      next = lastLine + 1;
      await world.pause(pauseAfter(world.nowMs() - begunMs, run.via));
    }
  } catch (error) {
    await run.note(toAdvice(next));
    throw error;
  } finally {
    await answer.end();
  }
}

function pauseAfter(tookMs: number, via: OperationsRun['via']): number {
  if (via === 'store') return PAUSE_MS_MIN;
  return Math.min(Math.max(REST_PER_WORK * tookMs, PAUSE_MS_MIN), PAUSE_MS_MAX);
}

function toAdvice(next: number): string {
  const done = next > 1 ? `every line before ${next} is imported` : 'nothing was imported';
  return `${done}; once the cause is mended, go on with --from-line ${next}`;
}

async function* toBatches(lines: AsyncIterable<Line>, flags: Flags): AsyncGenerator<Batch> {
  let keys: ImportedKey[] = [];
  let lastLine = 0;
  for await (const line of lines) {
    if (line.number < flags.fromLine || line.text.trim() === '') continue;
    keys.push(fromLine(line, flags));
    lastLine = line.number;
    if (keys.length < IMPORT_BATCH_MAX) continue;
    yield { lastLine, keys };
    keys = [];
  }
  if (keys.length > 0) yield { lastLine, keys };
}

function fromLine({ number, text }: Line, target: ImportTarget): ImportedKey {
  try {
    return fromImportLine(text, target);
  } catch (error) {
    if (error instanceof ShapeError) throw new CommandFailed(`line ${number}: ${error.message}`);
    throw error;
  }
}

/** What stands on stdout holds for what was imported, also where the import breaks off. */
interface ImportAnswer {
  start(): Promise<void>;
  add(keys: readonly KeyView[]): Promise<void>;
  end(): Promise<void>;
}

function createCountAnswer({ stdout }: CliWorld): ImportAnswer {
  let count = 0;
  return {
    start: async () => undefined,
    add: async (keys) => {
      count += keys.length;
    },
    end: () => write(stdout, `imported ${count} key${count === 1 ? '' : 's'}\n`),
  };
}

function createJsonAnswer({ stdout }: CliWorld): ImportAnswer {
  let separator = '';
  return {
    start: () => write(stdout, '['),
    add: async (keys) => {
      await write(stdout, separator + keys.map(toInertJson).join(',\n'));
      separator = ',\n';
    },
    end: () => write(stdout, ']\n'),
  };
}
