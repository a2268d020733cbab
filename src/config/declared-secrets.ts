import {
  checksumHolds,
  hasIssuedShape,
  isForeignKeyText,
  KEY_LENGTH_MAX,
  KEY_LENGTH_MIN,
} from '../lib/key-format.ts';
import type { ReadFile } from './checks/apis.ts';
import type { DeclaredSecret } from './document.ts';
import type { ReadText } from './files.ts';
import type { Problem } from './problems.ts';
import type { ApiSections } from './schema/api.ts';
import { readSecret } from './secrets.ts';
import { locate } from './source.ts';

export interface DeclaredReading {
  readonly secrets: readonly DeclaredSecret[];
  readonly problems: readonly Problem[];
}

/** The keys that the files declare by value, each fit to be presented to its API. */
export function readDeclaredKeys(
  files: readonly ReadFile<ApiSections>[],
  readFile: ReadText,
): DeclaredReading {
  const secrets: DeclaredSecret[] = [];
  const problems: Problem[] = [];
  const prefixes = files.flatMap(({ sections }) => sections.values.keys?.prefix ?? []);
  for (const { source, sections } of files) {
    const { api = '', keys, declared } = sections.values;
    const seen = new Set<string>();
    for (const [index, entry] of (declared?.keys ?? []).entries()) {
      if (entry.key === undefined || entry.key === null) continue;
      const path = ['declared', 'keys', index, 'key'];
      const reading = readSecret(entry.key, { source, path, readFile });
      const { text = '' } = 'text' in reading ? reading : {};
      const message = 'text' in reading ? findKeyFault(text, { keys, prefixes, seen }) : reading.message;
      if (message !== undefined) problems.push(locate(source, { path, message }));
      seen.add(text);
      secrets.push({ api, name: entry.name, key: text });
    }
  }
  return { secrets, problems };
}

interface Surroundings {
  /** undefined where that section is broken. */
  readonly keys: ApiSections['keys'] | undefined;
  /** Of all APIs. */
  readonly prefixes: readonly string[];
  readonly seen: ReadonlySet<string>;
}

/** What forbids a key, in words that do not show it. */
function findKeyFault(key: string, { keys, prefixes, seen }: Surroundings): string | undefined {
  if (seen.has(key)) return 'another entry declares this key already';
  if (key.length < KEY_LENGTH_MIN || key.length > KEY_LENGTH_MAX || !isForeignKeyText(key)) {
    return `expected ${KEY_LENGTH_MIN} to ${KEY_LENGTH_MAX} visible ASCII characters without dots and commas`;
  }
  if (keys === undefined) return undefined;
  if (hasIssuedShape(keys.prefix, key)) {
    return checksumHolds(keys.prefix, key)
      ? undefined
      : 'has the shape of an issued key, but its checksum is wrong';
  }
  if (!keys.imports)
    return `expected a key in the issued shape (${keys.prefix}…): the API has no \`keys.imports: true\``;
  const foreign = prefixes.some((prefix) => prefix !== keys.prefix && key.startsWith(prefix));
  return foreign ? 'begins with the prefix of another API' : undefined;
}
