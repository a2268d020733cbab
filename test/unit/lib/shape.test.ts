import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, listOf, oneOf, orNull, record, text, whole } from '../../../src/lib/shape.ts';

const person = record(
  { name: text },
  { age: whole, mood: orNull(oneOf(['glad', 'sad'])), tags: listOf(text, 2) },
);

describe('record', () => {
  it('returns exactly the members that were given', () => {
    expect(person({ name: 'n' }, 'it')).toEqual({ name: 'n' });
    const whole = { name: 'n', age: 3, mood: null, tags: ['a', 'b'] };
    expect(person(whole, 'it')).toEqual(whole);
  });

  it.each([
    [undefined, 'it must be a record'],
    [null, 'it must be a record'],
    [[], 'it must be a record'],
    [{}, 'it.name must be a text'],
    [{ name: 1 }, 'it.name must be a text'],
    [{ name: 'n', age: 1.5 }, 'it.age must be a whole number'],
    [{ name: 'n', age: 2 ** 53 }, 'it.age must be a whole number'],
    [{ name: 'n', age: '3' }, 'it.age must be a whole number'],
    [{ name: 'n', mood: 'hungry' }, 'it.mood must be one of glad, sad'],
    [{ name: 'n', tags: ['a', 'b', 'c'] }, 'it.tags must be a list of at most 2'],
    [{ name: 'n', tags: ['a', 7] }, 'it.tags[1] must be a text'],
    [{ name: 'n', nick: 'x' }, 'it has an unknown member "nick"; known are name, age, mood, tags'],
  ])('refuses %j and says where and what belongs there', (value, message) => {
    expect(() => person(value, 'it')).toThrow(new ShapeError(message));
  });

  it('refuses members that every object inherits', () => {
    expect(() => person(JSON.parse('{"name":"n","__proto__":{"age":1}}'), 'it')).toThrow(ShapeError);
    expect(() => person({ name: 'n', constructor: 1 }, 'it')).toThrow(ShapeError);
    expect(() => record({ toString: text }, {})({}, 'it')).toThrow(ShapeError);
  });

  it('never shows a value in its message', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const wrong = { name: { secret: `hidden-${json}` } };
        expect(() => person(wrong, 'it')).toThrow(new ShapeError('it.name must be a text'));
      }),
    );
  });

  it('throws nothing but ShapeError, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        let outcome: unknown;
        try {
          outcome = person(value, 'it');
        } catch (error) {
          outcome = error;
        }
        expect(
          outcome instanceof ShapeError || typeof (outcome as { name?: unknown }).name === 'string',
        ).toBe(true);
      }),
    );
  });
});
