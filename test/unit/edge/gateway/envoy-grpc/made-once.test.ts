import { expect, test } from 'vitest';
import { MadeOnce } from '../../../../../src/edge/gateway/envoy-grpc/made-once.ts';

interface Source {
  readonly name: string;
}

function create(slots: number) {
  const made: string[] = [];
  const kept = new MadeOnce(slots, ({ name }: Source) => {
    made.push(name);
    return `of ${name}`;
  });
  return { kept, made };
}

test('nothing is made of what comes once, and once only of what comes again', () => {
  const { kept, made } = create(2);
  const source = { name: 'a' };
  expect([1, 2, 3].map(() => kept.find(7, source))).toEqual([undefined, 'of a', 'of a']);
  expect(made).toEqual(['a']);
});

test('what is made of one is never given for another that looks the same', () => {
  const { kept } = create(2);
  for (const source of [{ name: 'a' }, { name: 'a' }, { name: 'b' }])
    expect(kept.find(7, source)).toBeUndefined();
});

test('as many are known as there are slots: one that takes the slot of another is known in its place', () => {
  const { kept, made } = create(2);
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  for (const [number, source] of [
    [0, a],
    [1, b],
    [2, c],
  ] as const)
    kept.find(number, source);
  expect([kept.find(0, a), kept.find(1, b), kept.find(2, c)]).toEqual([undefined, 'of b', undefined]);
  expect(made).toEqual(['b']);
});
