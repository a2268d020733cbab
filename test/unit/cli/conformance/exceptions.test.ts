import { describe, expect, test } from 'vitest';
import { RECIPE_NAMES } from '../../../../src/cli/conformance/choices.ts';
import { loadRecipe } from '../../../../src/cli/conformance/recipes.ts';
import { parseExceptions, toExceptions } from '../../../../src/cli/conformance/table/exceptions.ts';
import { listTitles } from '../../../../src/cli/conformance/trials.ts';
import type { Difference } from '../../../../src/cli/conformance/difference.ts';

const WHY = 'a reason that a reader can weigh';
const LOST = `lost: [{ why: ${WHY}, on: refused, method: HEAD, headers: [content-type] }]`;
const MISSING: Difference = {
  kind: 'header missing',
  name: 'content-type',
  status: 401,
  promised: 'application/json',
  seen: '',
};

describe('declared losses', () => {
  test('forgive what they name and nothing else', () => {
    const exceptions = toExceptions([parseExceptions(LOST)]);
    const other: Difference = { ...MISSING, name: 'retry-after' };
    expect(exceptions.forgive([MISSING, other], { status: 401, method: 'HEAD' })).toEqual([other]);
    expect(exceptions.forgive([MISSING], { status: 401, method: 'GET' })).toEqual([MISSING]);
    expect(exceptions.forgive([MISSING], { status: 200, method: 'HEAD' })).toEqual([MISSING]);
  });

  test('never forgive that somebody gets in or passes for another', () => {
    const lost = `lost: [{ why: ${WHY}, on: refused, headers: [x-account-id] }]`;
    const unsafe: Difference[] = [{ kind: 'let through' }, { kind: 'forged upstream', name: 'x-account-id' }];
    const exceptions = toExceptions([parseExceptions(lost)]);
    expect(exceptions.forgive(unsafe, { status: 401, method: 'GET' })).toEqual(unsafe);
  });

  test('are told where nothing was lost', () => {
    const exceptions = toExceptions([parseExceptions(LOST)]);
    expect(exceptions.listUnneeded()).toEqual([WHY]);
    exceptions.forgive([MISSING], { status: 401, method: 'HEAD' });
    expect(exceptions.listUnneeded()).toEqual([]);
  });
});

describe('a list of exceptions', () => {
  test.each([
    ['a reason that is none', 'lost: [{ why: no, on: refused, headers: [a] }]', 'lost.0.why: '],
    [
      'two outcomes at once',
      `exceptions: [{ why: ${WHY}, cases: [a], answers: 400, left_out: true }]`,
      'exceptions.0: expected one of',
    ],
    ['a member that nobody knows', 'forgive: everything', '"forgive"'],
    ['another language', '<xml/>', 'expected object'],
  ])('with %s is refused, and told why', (_, text, why) => {
    expect(() => parseExceptions(text)).toThrow(why);
  });

  test.each(RECIPE_NAMES)('of our recipe for %s names cases, attacks and outages that are there', (name) => {
    expect(toExceptions([loadRecipe(name)]).listStale(listTitles())).toEqual([]);
  });
});
