import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Spending } from '../../../../src/domain/spending.ts';
import { StartedChecks } from '../../../../src/edge/repeats/started-checks.ts';
import type { StartedCheck } from '../../../../src/edge/repeats/started-checks.ts';

/** Few enough to meet each other, and most of them in the chain of another. */
const FINGERPRINTS = ['aa-1', 'aa-2', 'aa-3', 'ab-1', 'ab-2', 'ba-1'];

test('finds what a Map would, in the order in which a Map would hand it out', () => {
  const step = fc.record({ fingerprint: fc.constantFrom(...FINGERPRINTS), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const started = new StartedChecks();
      const model = new Map<string, Promise<Spending>>();
      for (const { fingerprint, isAdded } of steps) {
        model.delete(fingerprint);
        if (isAdded) {
          const check = checkOf(fingerprint);
          started.add(check);
          model.set(fingerprint, check.spending);
        } else {
          started.remove(fingerprint);
        }
        expect(started.size).toBe(model.size);
        expect(started.oldest?.fingerprint).toBe(model.keys().next().value);
        for (const each of FINGERPRINTS) expect(started.find(each)?.spending).toBe(model.get(each));
      }
      for (const fingerprint of model.keys()) {
        expect(started.oldest?.fingerprint).toBe(fingerprint);
        started.remove(fingerprint);
      }
      expect(started.oldest).toBeUndefined();
    }),
  );
});

test('what has left holds on to no other check', () => {
  const started = new StartedChecks();
  for (const fingerprint of FINGERPRINTS) started.add(checkOf(fingerprint));
  const left = FINGERPRINTS.map((fingerprint) => started.find(fingerprint));
  for (const fingerprint of FINGERPRINTS) started.remove(fingerprint);
  for (const each of left) {
    const values = Object.values(each ?? expect.fail());
    expect(values.filter((value) => typeof value === 'object' && !(value instanceof Promise))).toEqual([]);
  }
});

function checkOf(fingerprint: string): StartedCheck {
  return { fingerprint, atMs: 0, spending: new Promise(() => undefined) };
}
