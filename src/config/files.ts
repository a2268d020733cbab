import { dirname, isAbsolute, join } from 'node:path';

/** Throws where there is no such file, or it cannot be read. */
export type ReadText = (path: string) => string;

/** A file's text, or why it has none. */
export type FileReading = { readonly text: string } | { readonly reason: string };

/** Whatever the reader throws is taken for an unreadable file: it has nothing to do but read. */
export function readText(readFile: ReadText, path: string): FileReading {
  try {
    return { text: readFile(path) };
  } catch (error) {
    const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
    return { reason: isCoded ? `cannot be read (${String(error.code)})` : 'cannot be read' };
  }
}

/** A path as a file means it: relative to that file's own folder. */
export function pathBeside(file: string, reference: string): string {
  return isAbsolute(reference) ? reference : join(dirname(file), reference);
}
