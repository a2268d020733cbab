import { describe, expect, test } from 'vitest';
import { RECIPE_NAMES } from '../../../../src/cli/conformance/choices.ts';
import { OUTAGES } from '../../../../src/cli/conformance/outages.ts';
import { loadRecipe } from '../../../../src/cli/conformance/recipes.ts';
import { findFaults } from '../../../../src/cli/conformance/table/exception-faults.ts';
import { parseExceptions, toExceptions } from '../../../../src/cli/conformance/table/exceptions.ts';
import { CASES, loadCases } from '../../../../src/cli/conformance/table/load.ts';
import { trackExceptions } from '../../../../src/cli/conformance/table/tracked-exceptions.ts';
import type { TrackedExceptions } from '../../../../src/cli/conformance/table/tracked-exceptions.ts';
import { listKnown } from '../../../../src/cli/conformance/trials.ts';
import type { Difference } from '../../../../src/cli/conformance/difference.ts';

const KNOWN = listKnown(loadCases(CASES));
const WHY = 'a reason that a reader can weigh';
const LOST = `lost: [{ why: ${WHY}, on: refused, method: HEAD, headers: [content-type] }]`;
const MISSING: Difference = {
  kind: 'header missing',
  name: 'content-type',
  status: 401,
  promised: 'application/json',
  seen: '',
};

const track = (text: string): TrackedExceptions => trackExceptions(toExceptions([parseExceptions(text)]));

describe('declared losses', () => {
  test('forgive what they name and nothing else', () => {
    const exceptions = track(LOST);
    const other: Difference = { ...MISSING, name: 'retry-after' };
    expect(exceptions.forgive([MISSING, other], { status: 401, method: 'HEAD' })).toEqual([other]);
    expect(exceptions.forgive([MISSING], { status: 401, method: 'GET' })).toEqual([MISSING]);
    expect(exceptions.forgive([MISSING], { status: 200, method: 'HEAD' })).toEqual([MISSING]);
  });

  test('never forgive that somebody gets in or passes for another', () => {
    const lost = `lost: [{ why: ${WHY}, on: refused, headers: [x-account-id] }]`;
    const unsafe: Difference[] = [{ kind: 'let through' }, { kind: 'forged upstream', name: 'x-account-id' }];
    const exceptions = track(lost);
    expect(exceptions.forgive(unsafe, { status: 401, method: 'GET' })).toEqual(unsafe);
  });

  test('are told where nothing was lost, and count where something was', () => {
    const exceptions = track(LOST);
    expect(exceptions.listUnneeded()).toEqual([WHY]);
    expect(exceptions.countHeld()).toBe(0);
    exceptions.forgive([MISSING], { status: 401, method: 'HEAD' });
    expect(exceptions.listUnneeded()).toEqual([]);
    expect(exceptions.countHeld()).toBe(1);
  });
});

test('what one run has seen of a declaration says nothing of the next', () => {
  const declared = toExceptions([parseExceptions(LOST)]);
  const first = trackExceptions(declared);
  first.forgive([MISSING], { status: 401, method: 'HEAD' });
  first.settle('a trial', [], () => [MISSING]);
  expect([first.countHeld(), first.listUnneeded()]).toEqual([2, []]);
  const second = trackExceptions(declared);
  expect([second.countHeld(), second.listUnneeded()]).toEqual([0, [WHY]]);
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
    [
      'a header in another spelling than headers are compared in',
      `lost: [{ why: ${WHY}, on: refused, headers: [Retry-After] }]`,
      'in lower case',
    ],
    ['another language', '<xml/>', 'expected object'],
  ])('with %s is refused, and told why', (_, text, why) => {
    expect(() => parseExceptions(text)).toThrow(why);
  });

  test.each(RECIPE_NAMES)('of our recipe for %s declares nothing that could not be', (name) => {
    expect(findFaults(loadRecipe(name), KNOWN)).toEqual([]);
  });
});

describe('what could never have an effect is told by its name:', () => {
  /** A request, the change, a request. */
  const CASE = 'clary: a revoked key is refused at once';
  const ATTACK = 'attacks: a HEAD without a key gets nowhere';
  const OUTAGE = OUTAGES[0]?.title ?? '';

  function faultsOf(...entries: readonly object[]): readonly string[] {
    const exceptions = entries.map((entry) => ({ why: WHY, ...entry }));
    return findFaults(parseExceptions(JSON.stringify({ exceptions })), KNOWN);
  }

  test.each([
    [
      'a case that is not there',
      { cases: ['nothing'], left_out: true },
      '"nothing" names no case, no attack and no outage',
    ],
    [
      'a case that no gateway is sent',
      { cases: ['paths: CONNECT is ambiguous, for it has no path'], left_out: true },
      'is sent through no gateway',
    ],
    [
      'a step behind the last',
      { cases: [CASE], step: 99, answers: 400 },
      `"${CASE}" has no step 99: it ends with step 3`,
    ],
    [
      'a step that is no request',
      { cases: [CASE], step: 2, answers: 400 },
      `"${CASE}" sends no request in step 2`,
    ],
    ['a step of a case that is left out', { cases: [CASE], step: 1, left_out: true }, 'left out as a whole'],
    ['a step of an attack', { cases: [ATTACK], step: 1, left_out: true }, `"${ATTACK}" has no steps`],
    ['an answer to an attack', { cases: [ATTACK], answers: 400 }, 'left_out alone'],
    ['a status of ours in an outage', { cases: [OUTAGE], status: 400 }, 'says answers or left_out'],
    [
      'an answer that the file does not have',
      { cases: [CASE], answer: 'nonsense' },
      'has no answer named nonsense',
    ],
    ['an answer without a status', { cases: [CASE], answer: { body: 'no' } }, 'an answer without a status'],
    [
      'a word that the case does not have',
      { cases: [CASE], answer: { status: 400, body: '${key.nobody}' } },
      'knows nothing called ${key.nobody}',
    ],
    [
      'a change that nobody knows',
      { cases: [CASE], answer: { status: 400, body: '${request_id|turned}' } },
      'nothing called ${request_id|turned}',
    ],
  ])('%s', (_, entry, why) => {
    expect(faultsOf(entry)).toEqual([expect.stringContaining(why)]);
  });

  test('the second of two that speak of one step', () => {
    const entry = { cases: [CASE], answers: 400 };
    expect(faultsOf({ ...entry, step: 1 }, entry)).toEqual([expect.stringContaining('is declared twice')]);
    expect(faultsOf({ ...entry, step: 1 }, { ...entry, step: 3 })).toEqual([]);
  });

  test('nothing of what may well have one', () => {
    const answer = { status: 400, body: '${request_id} ${ts} ${x*10}' };
    expect(
      faultsOf(
        { cases: [CASE], answer },
        { cases: [OUTAGE], answers: 502 },
        { cases: [ATTACK], left_out: true },
      ),
    ).toEqual([]);
  });
});
