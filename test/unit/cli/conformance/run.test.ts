import { expect, test } from 'vitest';
import type { SeenAnswer } from '../../../../src/cli/conformance/client/client.ts';
import { createMovableClock } from '../../../../src/cli/conformance/clock.ts';
import { parseExceptions, toExceptions } from '../../../../src/cli/conformance/table/exceptions.ts';
import type { LoadedCase } from '../../../../src/cli/conformance/table/load.ts';
import { trackExceptions } from '../../../../src/cli/conformance/table/tracked-exceptions.ts';
import type { TrackedExceptions } from '../../../../src/cli/conformance/table/tracked-exceptions.ts';
import { runCase } from '../../../../src/cli/conformance/table/run.ts';
import { CASE_FILE } from '../../../../src/cli/conformance/table/schema.ts';
import { createFakeOperations } from '../../hub/control/fake-operations.ts';

const REFUSED = { status: 401, headers: [], body: 'no', requestId: '', upstream: undefined };

function loadCase(): LoadedCase {
  const file = CASE_FILE.parse({
    api: 'clary',
    request: { method: 'GET', host: 'a', path: '/', headers: [] },
    answers: { refused: { status: 401, body: 'no' } },
    cases: [{ name: 'two requests that are refused', steps: [{ answer: 'refused' }, { answer: 'refused' }] }],
  });
  const [text] = file.cases;
  if (text?.steps === undefined) throw new Error('the case has no steps');
  return { title: 'a: two requests that are refused', file, text, steps: text.steps, index: 0 };
}

function track(text: string): TrackedExceptions {
  return trackExceptions(toExceptions([parseExceptions(text)]));
}

async function runThrough(answers: readonly SeenAnswer[], exceptions: TrackedExceptions) {
  const left = [...answers];
  return runCase(loadCase(), {
    name: 'a gateway',
    exceptions,
    client: { ask: async () => left.shift() ?? REFUSED },
    operations: createFakeOperations().operations,
    clock: createMovableClock(0),
    publicAddress: '',
  });
}

const UNNEEDED = `exceptions:
  - why: a reason that a reader can weigh
    answers: 400
    step: 1
    cases: ['a: two requests that are refused']`;

test('an exception that is not needed hides nothing that comes after it', async () => {
  const passed = { ...REFUSED, status: 200, upstream: [] };
  expect(await runThrough([REFUSED, passed], track(UNNEEDED))).toEqual([
    { kind: 'exception not needed', at: 'step 1' },
    { kind: 'let through', at: 'step 2' },
  ]);
});

test('an exception that holds is counted once, however many requests of the case it speaks of', async () => {
  const both = track(UNNEEDED.replace('step: 1', ''));
  const own = { ...REFUSED, status: 400 };
  expect(await runThrough([own, own], both)).toEqual([]);
  expect(both.countHeld()).toBe(1);
});

test('a case ends with the first answer that is not as promised', async () => {
  const passed = { ...REFUSED, status: 200, upstream: [] };
  expect(await runThrough([passed, passed], track('{}'))).toEqual([{ kind: 'let through', at: 'step 1' }]);
});
