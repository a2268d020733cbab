import { describe, expect, test } from 'vitest';
import { WIRE, YARDSTICK, ratioOf, toCosts } from './cpu-gate.ts';
import { idleContestant } from './idle-contestant.ts';
import { cpuMicrosOf } from './measure.ts';

const MICROS_PER_TICK = 10_000;

describe('the gate on CPU', () => {
  test('counts the least that each server needed in any turn', () => {
    const results = new Map([
      [idleContestant(YARDSTICK), [{ cpuMicros: 90 }, { cpuMicros: 80 }, { cpuMicros: 300 }]],
      [idleContestant(WIRE), [{ cpuMicros: 500 }, { cpuMicros: 24 }, { cpuMicros: 25 }]],
    ]);
    const costs = toCosts(results);
    expect([...costs]).toEqual([
      [YARDSTICK, 80],
      [WIRE, 24],
    ]);
    expect(ratioOf(costs, WIRE)).toBe(0.3);
  });

  test.each([
    ['was not measured', new Map([[YARDSTICK, 80]])],
    ['has no yardstick', new Map([[WIRE, 24]])],
    [
      'was asked in no turn',
      toCosts(
        new Map([
          [idleContestant(WIRE), []],
          [idleContestant(YARDSTICK), [{ cpuMicros: 80 }]],
        ]),
      ),
    ],
    [
      'seems to need nothing',
      new Map([
        [WIRE, 0],
        [YARDSTICK, 80],
      ]),
    ],
    [
      'has a yardstick that needs nothing',
      new Map([
        [WIRE, 24],
        [YARDSTICK, 0],
      ]),
    ],
  ])('lets no server pass that %s', (_, costs) => {
    expect(() => ratioOf(costs, WIRE)).toThrow('was not measured');
  });

  test('reads the CPU of a whole process, user and system, to a tick each', () => {
    const before = usedMicros();
    const measured = cpuMicrosOf(process.pid);
    const after = usedMicros();
    expect(measured).toBeGreaterThan(before - 3 * MICROS_PER_TICK);
    expect(measured).toBeLessThan(after + 3 * MICROS_PER_TICK);
  });
});

function usedMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
