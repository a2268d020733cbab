import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crowd } from '../../../src/lib/crowd.ts';

interface Named {
  readonly name: number;
  place: number;
}

/** Lets the next one enter, or the one of this share of all that ever did leave. */
const step = fc.oneof(fc.constant('enter' as const), fc.double({ min: 0, max: 0.999, noNaN: true }));

test('a crowd is whoever entered and has not left, and who has left leaves no second time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const crowd = new Crowd<Named>();
      const all: Named[] = [];
      const expected = new Set<Named>();
      for (const what of steps) {
        if (what === 'enter') {
          const member = { name: all.length, place: -1 };
          all.push(member);
          expected.add(member);
          crowd.enter(member);
        } else {
          const member = all[Math.floor(what * all.length)];
          if (member !== undefined) expect(crowd.leave(member)).toBe(expected.delete(member));
        }
        expect(crowd.size).toBe(expected.size);
        expect(new Set(crowd)).toEqual(expected);
      }
    }),
  );
});

test('whoever stays is told, and whoever has left is not told any more, while others leave', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 20 }),
      (count, leaving) => {
        const crowd = new Crowd<Named>();
        const all = Array.from({ length: count }, (_, name) => ({ name, place: -1 }));
        for (const member of all) crowd.enter(member);
        const gone = new Set<Named>();
        const told = new Set<Named>();
        for (const member of crowd) {
          expect(gone.has(member)).toBe(false);
          told.add(member);
          for (const [by, name] of leaving) {
            const other = all[name];
            if (by !== member.name || other === undefined) continue;
            crowd.leave(other);
            gone.add(other);
          }
        }
        for (const member of all) expect(told.has(member) || gone.has(member)).toBe(true);
      },
    ),
  );
});
