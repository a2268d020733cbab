/**
 * Checks of values that came from outside as JSON: each shape promises a type or throws `ShapeError`.
 * What a record does not know is refused, and what it returns is built from its own member names alone,
 * so that `__proto__` and its kin are ordinary unknown members.
 */
export type Shape<T> = (value: unknown, at: string) => T;

/** Says where a value is wrong and what belongs there. Never shows the value, which may be a secret. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

type Shapes = Readonly<Record<string, Shape<unknown>>>;
type RequiredMembers<S extends Shapes> = { readonly [Name in keyof S]: ReturnType<S[Name]> };
type OptionalMembers<S extends Shapes> = { readonly [Name in keyof S]?: ReturnType<S[Name]> };

const MEMBER_NAME_SHOWN_MAX = 40;

export const text: Shape<string> = (value, at) => {
  if (typeof value !== 'string') throw expected(at, 'a text');
  return value;
};

/** A whole number that is exact in a double. */
export const whole: Shape<number> = (value, at) => {
  if (!Number.isSafeInteger(value)) throw expected(at, 'a whole number');
  return value as number;
};

export function oneOf<Word extends string>(words: readonly Word[]): Shape<Word> {
  return (value, at) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw expected(at, `one of ${words.join(', ')}`);
    return word;
  };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at));
}

export function listOf<T>(shape: Shape<T>, itemsMax: number): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw expected(at, 'a list');
    if (value.length > itemsMax) throw expected(at, `a list of at most ${itemsMax}`);
    return value.map((item, index) => shape(item, `${at}[${index}]`));
  };
}

/** A record with every required member, any of the optional ones, and no other. */
export function record<R extends Shapes, O extends Shapes>(
  required: R,
  optional: O,
): Shape<RequiredMembers<R> & OptionalMembers<O>> {
  const shapes: Shapes = { ...required, ...optional };
  const entries = Object.entries(shapes);
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected(at, 'a record');
    refuseUnknown(value, shapes, at);
    const members: Record<string, unknown> = {};
    for (const [name, shape] of entries) {
      if (!Object.hasOwn(required, name) && !Object.hasOwn(value, name)) continue;
      members[name] = shape(Reflect.get(value, name), `${at}.${name}`);
    }
    return members as RequiredMembers<R> & OptionalMembers<O>;
  };
}

function refuseUnknown(value: object, shapes: Shapes, at: string): void {
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(shapes, name));
  if (unknown === undefined) return;
  const shown = JSON.stringify(unknown.slice(0, MEMBER_NAME_SHOWN_MAX));
  throw new ShapeError(`${at} has an unknown member ${shown}; known are ${Object.keys(shapes).join(', ')}`);
}

function expected(at: string, what: string): ShapeError {
  return new ShapeError(`${at} must be ${what}`);
}
