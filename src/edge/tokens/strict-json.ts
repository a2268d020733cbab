/** A JSON object as it came: read its members with `findMember`, which knows no inherited ones. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper nesting has no use in a token. */
const DEPTH_MAX = 64;
/** Members of all objects together. */
const MEMBERS_MAX = 512;
/** Members, items and brackets together: what the work of reading grows with, and what a forged token must not make dear. */
const MARKS_MAX = 2_048;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;

/**
 * Reads an object from JSON text (RFC 8259). Undefined for any other text, and for what two readers could read differently (RFC 8725 §2.6):
 * a member named twice in one object at any depth, escapes included, and a number too large for a double.
 */
export function parseStrictJson(text: string): JsonObject | undefined {
  const colons = countColons(text, MARKS_MAX);
  if (!(colons <= MEMBERS_MAX)) return undefined;
  const value = parseJson(text);
  // Each member has one colon in the text. Of members with one name only the last was kept, so then there are fewer.
  return isObject(value) && countMembers(value, 0) === colons ? value : undefined;
}

/** The value of JSON text as `JSON.parse` has it; undefined for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of that name, unless it is inherited. */
export function findMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Members of all objects in a value; NaN where it is nested too deeply or holds a number that is none. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === DEPTH_MAX) return Number.NaN;
  const items: readonly unknown[] = Object.values(value);
  let count = Array.isArray(value) ? 0 : items.length;
  for (const item of items) count += countMembers(item, depth + 1);
  return count;
}

/** Whether a text has so few members, items and brackets that reading it holds nobody up. */
export function hasMarksAtMost(text: string, marksMax: number): boolean {
  return !Number.isNaN(countColons(text, marksMax));
}

/** Colons outside strings, which in JSON stand behind names alone; NaN where there is more to read than `marksMax`. The text may be none. */
function countColons(text: string, marksMax: number): number {
  let colons = 0;
  let marks = 0;
  for (let at = 0; at < text.length && marks <= marksMax; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COLON) colons += 1;
    else if (code === COMMA || code === ARRAY || code === OBJECT) marks += 1;
  }
  return marks > marksMax ? Number.NaN : colons;
}

/** The place of the quote that closes the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}
