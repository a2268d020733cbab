import type { CreatedKey, Operations } from '../../domain/operations.ts';

/** What was made for a run and must stand in no report: keys, and tokens that were got or signed with them. */
export interface RunSecrets {
  readonly add: (secret: string) => void;
  /** The text with every secret of the run replaced. */
  readonly hide: (text: string) => string;
}

/** Shorter texts are words that a report may hold. */
const SECRET_CHARS_MIN = 16;
const HIDDEN = '[a secret of this run]';

export function createRunSecrets(): RunSecrets {
  const secrets = new Set<string>();
  return {
    add: (secret) => void (secret.length >= SECRET_CHARS_MIN && secrets.add(secret)),
    hide(text) {
      let hidden = text;
      for (const secret of secrets) hidden = hidden.replaceAll(secret, HIDDEN);
      return hidden;
    },
  };
}

/** The same operations, and every key that comes into being through them is added. */
export function watchOperations(operations: Operations, { add }: RunSecrets): Operations {
  const noted = async (created: Promise<CreatedKey>): Promise<CreatedKey> => {
    const view = await created;
    add(view.key);
    return view;
  };
  return {
    ...operations,
    createKey: (input) => noted(operations.createKey(input)),
    rotateKey: (key, overlapMs) => noted(operations.rotateKey(key, overlapMs)),
    importKeys(imported) {
      for (const { key } of imported) add(key);
      return operations.importKeys(imported);
    },
  };
}
