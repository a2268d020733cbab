import { expect, test } from 'vitest';
import { Repeated } from '../../../../../src/edge/gateway/envoy-grpc/repeated.ts';

interface Source {
  readonly name: string;
}

function create(slots: number) {
  const made: string[] = [];
  const repeated = new Repeated(slots, ({ name }: Source) => {
    made.push(name);
    return `of ${name}`;
  });
  return { repeated, made };
}

test('nothing is made of what comes once, and once only of what comes again', () => {
  const { repeated, made } = create(2);
  const source = { name: 'a' };
  expect([1, 2, 3].map(() => repeated.find(7, source))).toEqual([undefined, 'of a', 'of a']);
  expect(made).toEqual(['a']);
});

test('what is made of one is never given for another that looks the same', () => {
  const { repeated } = create(2);
  for (const source of [{ name: 'a' }, { name: 'a' }, { name: 'b' }])
    expect(repeated.find(7, source)).toBeUndefined();
});

test('as many are known as there are slots: one that takes the slot of another is known in its place', () => {
  const { repeated, made } = create(2);
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  for (const [number, source] of [
    [0, a],
    [1, b],
    [2, c],
  ] as const)
    repeated.find(number, source);
  expect([repeated.find(0, a), repeated.find(1, b), repeated.find(2, c)]).toEqual([
    undefined,
    'of b',
    undefined,
  ]);
  expect(made).toEqual(['b']);
});
