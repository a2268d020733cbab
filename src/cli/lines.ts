import type { Readable } from 'node:stream';
import { CommandFailed } from './failure.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

const LINE_CHARACTERS_MAX = 64 * 1024;

/** The lines of a UTF-8 stream, without their ends. Throws `CommandFailed` on a longer line or bytes that are no UTF-8. */
export async function* readLines(input: Readable): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest = '';
  for await (const chunk of input) {
    const pieces = (rest + decode(decoder, chunk as Uint8Array, number)).split('\n');
    rest = pieces.pop() ?? '';
    for (const text of pieces) yield toLine((number += 1), text);
    if (rest.length > LINE_CHARACTERS_MAX) throw tooLong(number + 1);
  }
  rest += decode(decoder, undefined, number);
  if (rest !== '') yield toLine(number + 1, rest);
}

function toLine(number: number, text: string): Line {
  if (text.length > LINE_CHARACTERS_MAX) throw tooLong(number);
  return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, number: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new CommandFailed(`after line ${number} the input is not UTF-8`);
  }
}

function tooLong(number: number): CommandFailed {
  return new CommandFailed(`line ${number} is longer than ${LINE_CHARACTERS_MAX} characters`);
}
