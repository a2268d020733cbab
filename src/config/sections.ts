import type * as z from 'zod';
import { findNearest } from './nearest.ts';
import type { Fault, KeyPath } from './problems.ts';
import { formatPath } from './problems.ts';
import { listNamesOf, schemaAt } from './schema-tree.ts';

/** A file read section by section, so that a mistake in one does not hide the mistakes in the others. */
export interface Sections<T> {
  /** The sections that are right; complete where `broken` is empty. */
  readonly values: Partial<T>;
  readonly broken: ReadonlySet<keyof T>;
  readonly faults: readonly Fault[];
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Output<S extends Shape> = { [K in keyof S]: z.output<S[K]> };

/** Checks a file's value against the shape of its sections. What lies under a path in `ignored` has been reported already. */
export function readSections<S extends Shape>(
  shape: S,
  value: unknown,
  ignored: readonly KeyPath[],
): Sections<Output<S>> {
  const members = toMembers(value);
  const values: Partial<Output<S>> = {};
  const broken = new Set<keyof S>(ignored.map(([section = '']) => String(section)));
  const faults = members === undefined ? [NOT_A_SECTION] : findUnknown(Object.keys(members), shape);
  for (const [section, schema] of Object.entries(shape)) {
    const result = schema.safeParse(members?.[section]);
    if (result.success) values[section as keyof S] = result.data as Output<S>[keyof S];
    else {
      broken.add(section);
      const found = result.error.issues.flatMap((issue) => toFaults(issue, schema, section));
      if (members !== undefined) faults.push(...found);
    }
  }
  const isNew = ({ path }: Fault): boolean => !ignored.some((prefix) => startsWith(path, prefix));
  return { values, broken, faults: faults.filter(isNew) };
}

const NOT_A_SECTION: Fault = { path: [], message: 'expected sections, one key a line', showFound: true };

function toMembers(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function findUnknown(keys: readonly string[], shape: Shape): Fault[] {
  const known = Object.keys(shape);
  return keys.filter((key) => !known.includes(key)).map((key) => toUnknownFault([key], known));
}

function toUnknownFault(path: KeyPath, known: readonly string[]): Fault {
  const nearest = findNearest(String(path.at(-1)), known);
  const hint = nearest === undefined ? `one of ${known.join(', ')}` : `did you mean ${nearest}?`;
  return { path, message: `unknown key; ${hint}`, atKey: true };
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.every((step, index) => path[index] === step);
}

function toFaults(issue: z.core.$ZodIssue, schema: z.ZodType, section: string): Fault[] {
  const inner = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const path: KeyPath = [section, ...inner];
  if (issue.code === 'unrecognized_keys') {
    const known = listNamesOf(schemaAt(schema, inner));
    return issue.keys.map((key) => toUnknownFault([...path, key], known));
  }
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'expected another name';
    return [{ path, message: `found the key ${formatPath(path.slice(-1))}; ${message}`, atKey: true }];
  }
  return [{ path, message: describe(issue), showFound: true }];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section',
  record: 'a section of named entries',
};

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length > 1 ? `expected one of ${issue.values.join(', ')}` : issue.message;
    case 'too_small':
      return issue.origin === 'string'
        ? issue.message
        : `expected at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return issue.origin === 'string'
        ? issue.message
        : `expected at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  return origin === 'array' ? ' entries' : '';
}
