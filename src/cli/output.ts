import type { Writable } from 'node:stream';
import { inertLines, toInertJson } from './inert.ts';

/** Resolves once the stream has taken the text: a long list waits for its reader instead of filling memory. */
export async function write(stream: Writable, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  await promise;
}

/** A message for the person at the terminal; never on stdout, which belongs to the answer. */
export async function note(stream: Writable, message: string): Promise<void> {
  await write(stream, `${inertLines(message)}\n`);
}

export async function writeJson(stream: Writable, value: unknown): Promise<void> {
  await write(stream, `${toInertJson(value)}\n`);
}
