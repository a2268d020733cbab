import type { BodyHole, BodyPart } from '../../domain/error-profile.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What a body says of one refusal, known when the configuration is loaded. */
export interface RowText {
  /** 400 to 599. */
  readonly status: number;
  /** '' where the API's body has no code. */
  readonly code: string;
  readonly message: string;
  readonly details: JsonObject;
}

/** Something in a template that cannot be rendered; `path` leads to it from the template's root. */
export interface TemplateFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Filled when the configuration is loaded. */
const ROW_HOLES = ['code', 'message', 'status', 'details'] as const;
/** Filled per request. */
const REQUEST_HOLES: readonly BodyHole[] = ['request_id', 'ts', 'retry_after_seconds'];

const BODY_NAMES: readonly string[] = [...ROW_HOLES, ...REQUEST_HOLES].map((name) => `$${name}`);

/** Deeper templates are refused: nobody's error body is. */
const DEPTH_MAX = 16;

/** The `$names` that a template uses. */
export function listNames(template: JsonValue): readonly string[] {
  if (typeof template === 'string') return isName(template) ? [template] : [];
  if (template === null || typeof template !== 'object') return [];
  return Object.values(template).flatMap(listNames);
}

/** Every reason why a template cannot be rendered. In details `$details` itself has no meaning. */
export function findTemplateFaults(
  template: JsonValue,
  names: readonly string[] = BODY_NAMES,
): TemplateFault[] {
  return findFaultsAt(template, { names, path: [] });
}

/** The names that mean something inside a row's details. */
export const DETAIL_NAMES: readonly string[] = BODY_NAMES.filter((name) => name !== '$details');

interface Place {
  readonly names: readonly string[];
  readonly path: readonly (string | number)[];
}

function findFaultsAt(value: JsonValue, { names, path }: Place): TemplateFault[] {
  if (path.length > DEPTH_MAX) return [{ path, message: `nested more than ${DEPTH_MAX} levels deep` }];
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return [{ path, message: 'JSON has no infinity and no NaN' }];
  }
  if (typeof value === 'string' && isName(value) && !names.includes(value)) {
    return [
      { path, message: `${value} is not known here; one of ${names.join(', ')} ($$ begins a plain $)` },
    ];
  }
  if (isArray(value)) {
    return value.flatMap((item, index) => findFaultsAt(item, { names, path: [...path, index] }));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    findMemberFaults(member, { names, path: [...path, name] }),
  );
}

/** JavaScript moves members whose names are whole numbers to the front: their order would not be the page's. */
function findMemberFaults(member: JsonValue, place: Place): TemplateFault[] {
  const faults = findFaultsAt(member, place);
  if (!/^\d+$/.test(String(place.path.at(-1)))) return faults;
  return [{ path: place.path, message: 'a member named by digits alone cannot keep its place' }, ...faults];
}

/** A refusal's body as compact JSON in the order of its members: literal text with the holes of a request between. */
export function compileTemplate(template: JsonValue, row: RowText): BodyPart[] {
  return compileWith<BodyHole>(template, (name) => meaningInRow(name, row));
}

/** What a `$name` stands for: text of JSON, another piece of template, or a value that only the request knows. */
type Meaning<Hole> =
  { readonly text: string } | { readonly template: JsonValue } | { readonly hole: Hole } | undefined;

function meaningInRow(name: string, row: RowText): Meaning<BodyHole> {
  const hole = REQUEST_HOLES.find((candidate) => name === `$${candidate}`);
  if (hole !== undefined) return { hole };
  if (name === '$details') return { template: row.details };
  if (name === '$status') return { text: String(row.status) };
  if (name === '$code') return { text: JSON.stringify(row.code) };
  return name === '$message' ? { text: JSON.stringify(row.message) } : undefined;
}

/** A template all of whose names are holes of these. */
export function compileHoles<Hole extends string>(
  template: JsonValue,
  holes: readonly Hole[],
): TemplatePart<Hole>[] {
  return compileWith<Hole>(template, (name) => {
    const hole = holes.find((candidate) => name === `$${candidate}`);
    return hole === undefined ? undefined : { hole };
  });
}

/** Literal text, or a hole. */
export type TemplatePart<Hole> = string | { readonly hole: Hole };

function compileWith<Hole>(template: JsonValue, mean: (name: string) => Meaning<Hole>): TemplatePart<Hole>[] {
  const parts: TemplatePart<Hole>[] = [];
  write(template, { mean, parts });
  return parts;
}

interface Output<Hole> {
  readonly mean: (name: string) => Meaning<Hole>;
  readonly parts: TemplatePart<Hole>[];
}

function write<Hole>(value: JsonValue, output: Output<Hole>): void {
  if (typeof value === 'string') writeText(value, output);
  else if (isArray(value)) writeArray(value, output);
  else if (isObject(value)) writeObject(value, output);
  else append(JSON.stringify(value), output);
}

function writeText<Hole>(text: string, output: Output<Hole>): void {
  const meaning = output.mean(text);
  if (meaning === undefined) append(JSON.stringify(text.startsWith('$$') ? text.slice(1) : text), output);
  else if ('template' in meaning) write(meaning.template, output);
  else if ('hole' in meaning) output.parts.push(meaning);
  else append(meaning.text, output);
}

function writeArray<Hole>(items: readonly JsonValue[], output: Output<Hole>): void {
  append('[', output);
  for (const [index, item] of items.entries()) {
    if (index > 0) append(',', output);
    write(item, output);
  }
  append(']', output);
}

function writeObject<Hole>(members: JsonObject, output: Output<Hole>): void {
  append('{', output);
  for (const [index, [name, member]] of Object.entries(members).entries()) {
    append(`${index > 0 ? ',' : ''}${JSON.stringify(name)}:`, output);
    write(member, output);
  }
  append('}', output);
}

/** Neighbouring literals become one part. */
function append<Hole>(text: string, { parts }: Output<Hole>): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = last + text;
  else parts.push(text);
}

function isName(text: string): boolean {
  return text.startsWith('$') && !text.startsWith('$$');
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === 'object' && !isArray(value);
}
