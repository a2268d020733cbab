import { toUtf8 } from './header-index.ts';
import type { ProtoReader } from './proto-reader.ts';

/** The string field whose tag was read; `text` has a character for each byte of the message. Throws `MalformedMessage`. */
export function readText(reader: ProtoReader, text: string, end: number): string {
  const length = reader.skipText(end);
  return toUtf8(text.slice(reader.at - length, reader.at));
}
