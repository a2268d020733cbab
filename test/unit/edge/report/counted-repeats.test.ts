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
  let repeats: Repeats;
  const counts = {
    repeated: () => void (repeated += 1),
  };

  beforeEach(() => {
    repeated = 0;
    repeats = createCountedRepeats(createRepeats(), counts);
  });

  function ask(id: string, spending: Eventually<Spending>) {
    return repeats.once(checkOf(id), { wallMs: 0, monotonicMs: 1 }, () => spending);
  }

  test('the repeats of a check are counted, joined ones among them, and the check itself is not', async () => {
    const first = ask('a', Promise.resolve(SPENT));
    const joined = ask('a', Promise.resolve(SPENT));
    expect(await Promise.all([first, joined])).toEqual([SPENT, SPENT]);
    expect(await ask('a', Promise.resolve(SPENT))).toEqual(SPENT);
    await ask('b', Promise.resolve(SPENT));
    expect(repeated).toBe(2);
  });

  test('a check that the memory had no room to follow is no repeat', async () => {
    repeats = createCountedRepeats(createRepeats({ underWayMax: 1 }), counts);
    const waiting = Promise.withResolvers<Spending>();
    const first = ask('a', waiting.promise);
    expect(ask('b', Promise.resolve(SPENT))).toEqual({ kind: 'outage', dependency: 'credits' });
    waiting.resolve(SPENT);
    await first;
    expect(repeated).toBe(0);
  });

  test('what is there at once is answered at once', () => {
    expect(ask('a', SPENT)).toBe(SPENT);
    expect(ask('a', SPENT)).toEqual(SPENT);
    expect(repeated).toBe(1);
  });
});

function checkOf(gatewayRequestId: string): RepeatableCheck {
  return {
    api: { name: 'one' } as Api,
    principal: { credential: 'api_key', keyId: 'key_1' } as Principal,
    charges: [],
    request: requestOf({ gatewayRequestId }),
  };
}
