import { promises as readline } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './failure.ts';
import { write } from './output.ts';
import type { CliWorld, Input } from './world.ts';

const SECRET_CHARACTERS_MAX = 4_096;

/** One secret of one line: from a pipe or, unseen, from the keyboard. Never from an argument, which every process can read. */
export async function readSecret(world: CliWorld, prompt: string): Promise<string> {
  const { stdin } = world;
  const secret = stdin.isTTY === true ? await readUnseen(world, prompt) : await readPiped(stdin);
  if (secret === '') throw new UsageError('no key on stdin: pipe it in, for example keys digest < key.txt');
  if (/[\r\n]/.test(secret)) throw new UsageError('stdin holds more than one line: give one key');
  return secret;
}

async function readPiped(stdin: Input): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > SECRET_CHARACTERS_MAX)
      throw new UsageError(`a key has at most ${SECRET_CHARACTERS_MAX} characters`);
  }
  return text.replace(/\r?\n$/, '');
}

/** readline echoes into a stream that forgets. */
async function readUnseen(world: CliWorld, prompt: string): Promise<string> {
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
    if (stop.aborted || cancel.signal.aborted) throw new UsageError('no key was given');
    throw error;
  } finally {
    line.close();
    await write(stderr, '\n');
  }
}
