import { beforeEach, describe, expect, test } from 'vitest';
import type { Spending } from '../../../../src/domain/spending.ts';
import type { Api } from '../../../../src/domain/policy.ts';
import type { Principal } from '../../../../src/domain/principal.ts';
import { createCountedRepeats } from '../../../../src/edge/report/counted-repeats.ts';
import { createRepeats } from '../../../../src/edge/repeats/memory.ts';
import type { Eventually, RepeatableCheck, Repeats } from '../../../../src/ports.ts';
import { requestOf } from '../pipeline/request.ts';

const SPENT: Spending = { kind: 'spent', limits: [] };

describe('repeats, counted', () => {
  let repeated: number;
  let spent: number;
  let repeats: Repeats;
  const counts = {
    repeated: () => void (repeated += 1),
    spent: (_api: string, credits: number) => void (spent += credits),
  };

  beforeEach(() => {
    [repeated, spent] = [0, 0];
    repeats = createCountedRepeats(createRepeats(), counts);
  });

  function ask(id: string, cost: number, spending: Eventually<Spending>) {
    return repeats.once(checkOf(id, cost), { wallMs: 0, monotonicMs: 1 }, () => spending);
  }

  test('credits are counted for the check that spent them, and not for its repeats', async () => {
    const first = ask('a', 5, Promise.resolve(SPENT));
    const joined = ask('a', 5, Promise.resolve(SPENT));
    expect(await Promise.all([first, joined])).toEqual([SPENT, SPENT]);
    expect(await ask('a', 5, Promise.resolve(SPENT))).toEqual(SPENT);
    expect({ spent, repeated }).toEqual({ spent: 5, repeated: 2 });
  });

  test('nothing is counted as spent where credits were refused, waived or not asked for', async () => {
    await ask('a', 5, Promise.resolve({ kind: 'outage', dependency: 'credits' }));
    await ask('b', 5, Promise.resolve({ kind: 'spent', limits: [], degraded: 'credits' }));
    await ask('c', 5, Promise.resolve({ kind: 'refused', denial: { code: 'rate_limited' }, limits: [] }));
    await ask('d', 0, SPENT);
    expect({ spent, repeated }).toEqual({ spent: 0, repeated: 0 });
  });

  test('credits count where the limits alone were waived', async () => {
    await ask('a', 5, Promise.resolve({ kind: 'spent', limits: [], degraded: 'limits' }));
    expect(spent).toBe(5);
  });

  test('a check that the memory had no room to follow is no repeat', async () => {
    repeats = createCountedRepeats(createRepeats({ underWayMax: 1 }), counts);
    const waiting = Promise.withResolvers<Spending>();
    const first = ask('a', 1, waiting.promise);
    expect(ask('b', 1, Promise.resolve(SPENT))).toEqual({ kind: 'outage', dependency: 'credits' });
    waiting.resolve(SPENT);
    await first;
    expect({ spent, repeated }).toEqual({ spent: 1, repeated: 0 });
  });

  test('what is there at once is answered at once', () => {
    expect(ask('a', 0, SPENT)).toBe(SPENT);
    expect(ask('a', 0, SPENT)).toEqual(SPENT);
    expect(repeated).toBe(1);
  });
});

function checkOf(gatewayRequestId: string, cost: number): RepeatableCheck {
  return {
    api: { name: 'one' } as Api,
    principal: { credential: 'api_key', keyId: 'key_1' } as Principal,
    limits: [],
    cost,
    request: requestOf({ gatewayRequestId }),
  };
}
