import type * as z from 'zod';
import type { KeyPath } from './problems.ts';

/** A schema as something to be asked about, for messages, for `--set` and for the table of keys in the documentation. */
type Schema = z.core.$ZodType;

/** What a key holds. */
export type Kind = 'section' | 'named sections' | 'list' | 'text' | 'number' | 'boolean' | 'any';

/** The schema of the value at a path; undefined where no such key exists. */
export function schemaAt(root: Schema, path: KeyPath): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const step of path) schema = schema && memberOf(schema, step);
  return schema;
}

function memberOf(schema: Schema, step: string | number): Schema | undefined {
  const { def } = unwrap(schema)._zod;
  if (def.type === 'object') return Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'array') return Number.isInteger(Number(step)) ? def.element : undefined;
  return undefined;
}

/** The names that a section may hold; none for anything else. */
export function listNamesOf(schema: Schema | undefined): readonly string[] {
  const def = schema && unwrap(schema)._zod.def;
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

export function kindOf(schema: Schema | undefined): Kind {
  switch (schema && unwrap(schema)._zod.def.type) {
    case 'object':
      return 'section';
    case 'record':
      return 'named sections';
    case 'array':
      return 'list';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
    case 'enum':
    case 'literal':
      return 'text';
    default:
      return 'any';
  }
}

/** The schema under its defaults, options and transformations. */
export function unwrap(schema: Schema): z.core.$ZodTypes {
  const known = schema as z.core.$ZodTypes;
  const { def } = known._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      return unwrap(def.innerType);
    case 'pipe':
      return unwrap(def.in);
    default:
      return known;
  }
}
