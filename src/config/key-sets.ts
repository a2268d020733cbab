import type { KeySetSource } from '../domain/token.ts';
import { readPublicKeys } from '../lib/public-keys.ts';
import type { ReadFile } from './checks/apis.ts';
import { pathBeside, readText } from './files.ts';
import type { ReadText } from './files.ts';
import type { KeyPath, Problem } from './problems.ts';
import type { ApiSections } from './schema/api.ts';
import type { IssuerSection, KeySetSection } from './schema/tokens.ts';
import { locate } from './source.ts';

/** Where the keys of one issuer of one file come from; an issuer whose keys the environment leaves out has none, and is not believed. */
export interface KeySetEntry {
  readonly file: string;
  /** As the file calls the issuer. */
  readonly issuer: string;
  readonly keys: KeySetSource;
}

export interface KeySetsReading {
  readonly keySets: readonly KeySetEntry[];
  readonly problems: readonly Problem[];
}

/** The issuers' keys. What lies in a file is read here and now, so that who verifies tokens touches no disk. */
export function readKeySets(files: readonly ReadFile<ApiSections>[], readFile: ReadText): KeySetsReading {
  const keySets: KeySetEntry[] = [];
  const problems: Problem[] = [];
  for (const { source, sections } of files) {
    for (const [name, issuer] of Object.entries(sections.values.tokens?.issuers ?? {})) {
      const path = ['tokens', 'issuers', name, 'keys'];
      const reading = readKeys(issuer, (reference) => readText(readFile, pathBeside(source.file, reference)));
      if (reading === undefined) continue;
      if ('from' in reading) keySets.push({ file: source.file, issuer: name, keys: reading });
      else problems.push(locate(source, { path: [...path, ...reading.at], message: reading.message }));
    }
  }
  return { keySets, problems };
}

interface Fault {
  /** From the section `keys` on. */
  readonly at: KeyPath;
  readonly message: string;
}

type ReadBeside = (reference: string) => ReturnType<typeof readText>;

/** A PEM stands in place of the URL: so a file serves with and without one in the environment. undefined where that gives neither. */
function readKeys(
  { keys, algorithms }: IssuerSection,
  readBeside: ReadBeside,
): KeySetSource | Fault | undefined {
  const { url, file, pem } = keys;
  if (isGiven(file) && (isGiven(url) || isGiven(pem))) return { at: [], message: 'expected file alone' };
  if (isGiven(pem)) return toFixed(pem, { at: ['pem'], algorithms });
  if (isGiven(url)) return readUrl(url, keys);
  if (!isGiven(file)) {
    const isNamed = [url, file, pem].some((text) => text !== undefined);
    return isNamed ? undefined : { at: [], message: 'expected one of url, file and pem' };
  }
  const reading = readBeside(file);
  if ('reason' in reading) return { at: ['file'], message: `the file named here ${reading.reason}` };
  return toFixed(reading.text, { at: ['file'], algorithms });
}

function isGiven(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== '';
}

function toFixed(
  text: string,
  { at, algorithms }: { readonly at: KeyPath; readonly algorithms: readonly string[] },
): KeySetSource | Fault {
  const reading = readPublicKeys(text);
  if ('fault' in reading) return { at, message: reading.fault };
  if (algorithms.some((algorithm) => reading.algorithms.has(algorithm))) return { from: 'fixed', text };
  return { at, message: `no key here verifies ${algorithms.join(', ')}` };
}

function readUrl(url: string, { private_addresses, stale }: KeySetSection): KeySetSource | Fault {
  const at = ['url'];
  const parsed = URL.parse(url);
  if (parsed === null || !['https:', 'http:'].includes(parsed.protocol) || parsed.hash !== '') {
    return { at, message: 'expected a URL such as https://issuer.example.com/.well-known/jwks.json' };
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return { at, message: 'expected a URL without a user: key sets are public' };
  }
  if (parsed.protocol === 'http:' && private_addresses !== 'allow') {
    const message = 'expected https: over http anybody on the way could put keys of their own in';
    return { at, message: `${message}; in a network of your own give private_addresses: allow` };
  }
  return { from: 'url', url: parsed.href, privateAddresses: private_addresses, staleMaxMs: stale };
}
