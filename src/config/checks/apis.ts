import { listCredentialHeaders } from '../credential-headers.ts';
import type { Fault, KeyPath, Problem } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import type { Sections } from '../sections.ts';
import { locate } from '../source.ts';
import type { Source } from '../source.ts';

/** A file with what could be read of it. */
export interface ReadFile<T> {
  readonly source: Source;
  readonly sections: Sections<T>;
}

type ApiFile = ReadFile<ApiSections>;

/** What two APIs must not share. Each clash is told once, at the later file, naming the earlier. */
export function findClashes(files: readonly ApiFile[]): Problem[] {
  return [
    ...findRepeatedNames(files),
    ...findRepeatedHosts(files),
    ...findPrefixClashes(files),
    ...findHeaderClashes(files),
  ];
}

function findRepeatedNames(files: readonly ApiFile[]): Problem[] {
  return findRepeated(files, ({ sections }) => {
    const { api } = sections.values;
    return api === undefined ? [] : [{ text: api, path: ['api'] }];
  });
}

function findRepeatedHosts(files: readonly ApiFile[]): Problem[] {
  return findRepeated(files, ({ sections }) =>
    (sections.values.hosts ?? []).map((text, index) => ({ text, path: ['hosts', index] })),
  );
}

interface Named {
  readonly text: string;
  readonly path: KeyPath;
}

function findRepeated(files: readonly ApiFile[], list: (file: ApiFile) => readonly Named[]): Problem[] {
  const firstFile = new Map<string, ApiFile>();
  return files.flatMap((file) =>
    list(file).flatMap(({ text, path }) => {
      const first = firstFile.get(text) ?? file;
      firstFile.set(text, first);
      return first === file
        ? []
        : [locate(file.source, { path, message: `${text} is taken by ${first.source.file}` })];
    }),
  );
}

/** A key must tell by its beginning which API it belongs to. */
function findPrefixClashes(files: readonly ApiFile[]): Problem[] {
  return files.flatMap((file, index) => {
    const prefix = file.sections.values.keys?.prefix;
    const rival = files.slice(0, index).find(({ sections }) => {
      const other = sections.values.keys?.prefix;
      return (
        prefix !== undefined && other !== undefined && (prefix.startsWith(other) || other.startsWith(prefix))
      );
    });
    if (rival === undefined) return [];
    const message = `overlaps with the prefix in ${rival.source.file}`;
    return [locate(file.source, { path: ['keys', 'prefix'], message })];
  });
}

/** A header cannot both be taken away, because it holds some API's credential, and tell an upstream who called. */
function findHeaderClashes(files: readonly ApiFile[]): Problem[] {
  const credentials = new Set(
    files.flatMap(({ sections }) => listCredentialHeaders(sections.values.areas ?? [])),
  );
  return files.flatMap(({ source, sections }) =>
    Object.keys(sections.values.upstream?.set ?? {})
      .filter((header) => credentials.has(header))
      .map((header): Fault => ({ path: ['upstream', 'set', header], message: CLASH, atKey: true }))
      .map((fault) => locate(source, fault)),
  );
}

const CLASH = 'this header holds a credential of an API here, so it never reaches an upstream';
