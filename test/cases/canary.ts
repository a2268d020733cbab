import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreatedKey, Operations } from '../../src/domain/operations.ts';

/** The same operations, and every key that came into being through them. */
export interface WatchedOperations {
  readonly operations: Operations;
  /** Tokens of sessions among them. */
  readonly keys: ReadonlySet<string>;
  readonly onToken: (token: string) => void;
}

export function watchKeys(operations: Operations): WatchedOperations {
  const keys = new Set<string>();
  const noted = async (created: Promise<CreatedKey>): Promise<CreatedKey> => {
    const view = await created;
    keys.add(view.key);
    return view;
  };
  return {
    keys,
    onToken: (token) => void keys.add(token),
    operations: {
      ...operations,
      createKey: (input) => noted(operations.createKey(input)),
      rotateKey: (key, overlapMs) => noted(operations.rotateKey(key, overlapMs)),
      importKeys(imported) {
        for (const { key } of imported) keys.add(key);
        return operations.importKeys(imported);
      },
    },
  };
}

/** Which of the keys stand, whole or without their prefix, in a folder's files or in these lines. */
export async function findLeaks(
  keys: ReadonlySet<string>,
  folder: string,
  lines: readonly string[],
): Promise<string[]> {
  const files = (await readdir(folder)).map((name) => join(folder, name));
  const contents = await Promise.all(files.map((path) => readFile(path, 'latin1').catch(() => '')));
  const written = [...contents, ...lines].join('\n');
  return [...keys].filter((key) => written.includes(key.replace(/^[a-z]+_/, '')));
}
