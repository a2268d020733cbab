import type { SecretEntry, SecretRing } from './document.ts';
import { pathBeside, readText } from './files.ts';
import type { ReadText } from './files.ts';
import type { Fault, KeyPath } from './problems.ts';
import type { SecretRingSection } from './schema/server.ts';
import { nodeAt, writtenAt } from './source.ts';
import type { Source } from './source.ts';

const FILE = 'file:';
const SECRET_CHARS_MAX = 4_096;
const SECRET_BYTES_MIN = 32;

/** What a secret's place in a file leads to: a text, nothing, or a fault. No message ever holds the text. */
export type SecretReading = { readonly text: string | undefined } | Fault;

export interface SecretPlace {
  readonly source: Source;
  readonly path: KeyPath;
  readonly readFile: ReadText;
}

/**
 * Follows `${NAME}` and `file:path` (relative to the file that says it; one line end at its end is cut).
 * A secret that is written in the configuration itself, default included, is a fault.
 */
export function readSecret(value: string | null | undefined, place: SecretPlace): SecretReading {
  if (value === null || value === undefined || value === '') return { text: undefined };
  const { source, path } = place;
  if (writtenAt(source, path)?.startsWith(FILE)) return readSecretFile(value.slice(FILE.length), place);
  switch (source.interpolated.get(nodeAt(source, path))) {
    case 'environment':
      return { text: value };
    case 'default':
      return { path, message: 'a secret has no default: write ${NAME}, or ${NAME:-} where it may be absent' };
    default:
      return { path, message: 'a secret is never written here: expected ${NAME} or file:path' };
  }
}

function readSecretFile(reference: string, { source, path, readFile }: SecretPlace): SecretReading {
  const reading = readText(readFile, pathBeside(source.file, reference));
  if ('reason' in reading) return { path, message: `the file named here ${reading.reason}` };
  const text = reading.text.replace(/\r?\n$/, '');
  if (text === '') return { path, message: 'the file named here is empty' };
  if (text.length > SECRET_CHARS_MAX)
    return { path, message: 'the file named here is too long for a secret' };
  return { text };
}

export interface RingReading {
  /** undefined where no current secret is given, or something is wrong. */
  readonly ring: SecretRing | undefined;
  readonly faults: readonly Fault[];
}

/** A ring of secrets: each at least 32 bytes in base64 or base64url, ids and secrets all different. */
export function readRing(section: SecretRingSection | undefined, place: SecretPlace): RingReading {
  if (section === undefined) return { ring: undefined, faults: [] };
  const faults: Fault[] = [];
  const entries: SecretEntry[] = [];
  for (const [index, { id, secret }] of [section.current, ...section.retired].entries()) {
    const path = [...place.path, ...(index === 0 ? ['current'] : ['retired', index - 1])];
    const reading = readSecret(secret, { ...place, path: [...path, 'secret'] });
    if (!('text' in reading)) {
      faults.push(reading);
      continue;
    }
    if (reading.text === undefined && index === 0 && section.retired.length === 0) continue;
    const entry = { id, secret: fromBase64(reading.text ?? '') };
    faults.push(...findEntryFaults(entry, entries, path));
    entries.push(entry);
  }
  const [current, ...retired] = entries;
  return { ring: current === undefined || faults.length > 0 ? undefined : { current, retired }, faults };
}

function findEntryFaults(
  { id, secret }: SecretEntry,
  others: readonly SecretEntry[],
  path: KeyPath,
): Fault[] {
  if (secret.length < SECRET_BYTES_MIN) {
    const message = `expected at least ${SECRET_BYTES_MIN} random bytes in base64, as \`openssl rand -base64 32\` prints them`;
    return [{ path: [...path, 'secret'], message }];
  }
  if (others.some((other) => other.id === id)) {
    return [{ path: [...path, 'id'], message: 'another secret of this ring has this id already' }];
  }
  if (others.some((other) => toText(other.secret) === toText(secret))) {
    return [{ path: [...path, 'secret'], message: 'this secret stands in the ring already' }];
  }
  return [];
}

/** Empty for whatever is neither base64 nor base64url (RFC 4648 §4, §5), padded or not. */
function fromBase64(text: string): Uint8Array {
  const [, digits = ''] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(text) ?? [];
  if (digits.length % 4 === 1) return new Uint8Array();
  const binary = atob(digits.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function toText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
