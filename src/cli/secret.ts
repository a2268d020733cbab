import { promises as readline } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './failure.ts';
import { write } from './output.ts';
import type { CliWorld, Input } from './world.ts';

/** What a secret is called, and how it may be given. */
export interface SecretKind {
  readonly name: string;
  /** A command line without the program's own name. */
  readonly example: string;
  readonly charactersMax: number;
}

/** A line may end in a carriage return and a line feed. */
const LINE_END_MAX = 2;
const KEY: SecretKind = { name: 'key', example: 'keys digest < key.txt', charactersMax: 4_096 };

/** One secret of one line: from a pipe or, unseen, from the keyboard. Never from an argument, which every process can read. */
export async function readSecret(world: CliWorld, prompt: string, kind = KEY): Promise<string> {
  const { stdin } = world;
  const { name, example } = kind;
  const secret = stdin.isTTY === true ? await readUnseen(world, prompt, kind) : await readPiped(stdin, kind);
  if (secret === '') throw new UsageError(`no ${name} on stdin: pipe it in, for example ${example}`);
  if (/[\r\n]/.test(secret)) throw new UsageError(`stdin holds more than one line: give one ${name}`);
  return secret;
}

async function readPiped(stdin: Input, { name, charactersMax }: SecretKind): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > charactersMax + LINE_END_MAX)
      throw new UsageError(`a ${name} has at most ${charactersMax} characters`);
  }
  return text.replace(/\r?\n$/, '');
}

/** readline echoes into a stream that forgets. */
async function readUnseen(world: CliWorld, prompt: string, { name }: SecretKind): Promise<string> {
  const { stdin, stderr } = world;
  const stop = world.takeSignals();
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = readline.createInterface({ input: stdin, output, terminal: true });
  const cancel = new AbortController();
  line.once('SIGINT', () => cancel.abort());
  try {
    await write(stderr, prompt);
    return await line.question('', { signal: AbortSignal.any([stop, cancel.signal]) });
  } catch (error) {
    if (stop.aborted || cancel.signal.aborted) throw new UsageError(`no ${name} was given`);
    throw error;
  } finally {
    line.close();
    await write(stderr, '\n');
  }
}
