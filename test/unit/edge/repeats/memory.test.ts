import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Limit } from '../../../../src/domain/limit.ts';
import type { Api } from '../../../../src/domain/policy.ts';
import type { Principal } from '../../../../src/domain/principal.ts';
import type { Spending } from '../../../../src/domain/spending.ts';
import { createRepeats, KEPT_MS, ODD_MAX } from '../../../../src/edge/repeats/memory.ts';
import type { RepeatableCheck } from '../../../../src/ports.ts';

const LIMIT: Limit = { scope: 'key', count: 1e9, windowMs: 1_000, name: 'key-second' };

test('gives what a list of the latest checks would give, whatever is replaced, overwritten and expired', () => {
  const step = fc.record({
    id: fc.nat({ max: 14 }),
    passMs: fc.oneof(fc.constantFrom(0, 0, 1, KEPT_MS), fc.nat({ max: 3_000 })),
  });
  const lists = fc.array(step, { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 12 }), (steps, recordsMax) => {
      const repeats = createRepeats({ recordsMax });
      const latest: { readonly id: number; readonly atMs: number; readonly spent: Spending }[] = [];
      let elapsedMs = 0;
      for (const [number, { id, passMs }] of steps.entries()) {
        elapsedMs += passMs;
        const known = latest.findLast((entry) => entry.id === id);
        const fresh = known === undefined || elapsedMs - known.atMs >= KEPT_MS;
        const entry = fresh ? { id, atMs: elapsedMs, spent: spentOf(number) } : known;
        const now = { wallMs: 0, monotonicMs: elapsedMs };
        expect(repeats.once(checkOf(id), now, () => spentOf(number))).toEqual(entry.spent);
        if (fresh) latest.push(entry);
        if (latest.length > recordsMax) latest.shift();
      }
    }),
    { numRuns: 300 },
  );
});

test('holds as many checks as it was made for, the latest ones', () => {
  const repeats = createRepeats({ recordsMax: 5_000 });
  for (let id = 0; id < 20_000; id += 1) void repeats.once(checkOf(id), at(0), () => spentOf(id));
  for (let id = 15_000; id < 20_000; id += 1) {
    expect(repeats.once(checkOf(id), at(1), () => spentOf(-1))).toEqual(spentOf(id));
  }
  expect(repeats.once(checkOf(14_999), at(1), () => spentOf(-1))).toEqual(spentOf(-1));
});

test('remembers what fits no record up to a bound, and then the oldest gives way', () => {
  const repeats = createRepeats();
  for (let id = 0; id <= ODD_MAX; id += 1) void repeats.once(checkOf(id), at(0), () => odd(id));
  expect(repeats.once(checkOf(1), at(1), () => odd(-1))).toEqual(odd(1));
  expect(repeats.once(checkOf(ODD_MAX), at(1), () => odd(-1))).toEqual(odd(ODD_MAX));
  expect(repeats.once(checkOf(0), at(1), () => odd(-1))).toEqual(odd(-1));
  expect(repeats.once(checkOf(2), at(KEPT_MS), () => odd(-1))).toEqual(odd(-1));
});

test('what fits no record goes in the order in which it was last remembered', () => {
  const repeats = createRepeats();
  for (const id of [0, 1]) void repeats.once(checkOf(id), at(0), () => odd(id));
  void repeats.once(checkOf(0), at(KEPT_MS), () => odd(10));
  for (let id = 2; id <= ODD_MAX; id += 1) void repeats.once(checkOf(id), at(KEPT_MS), () => odd(id));
  expect(repeats.once(checkOf(0), at(KEPT_MS), () => odd(-1))).toEqual(odd(10));
});

describe('where too many checks are under way', () => {
  const never = new Promise<Spending>(() => undefined);

  test('a new one is refused as an outage and spends nothing, and a repeat is still joined', () => {
    const repeats = createRepeats({ underWayMax: 2 });
    const first = repeats.once(checkOf(1), at(0), () => never);
    void repeats.once(checkOf(2), at(0), () => never);
    let spends = 0;
    const third = repeats.once(checkOf(3), at(1), () => {
      spends += 1;
      return spentOf(3);
    });
    expect(third).toEqual({ kind: 'outage', dependency: 'credits' });
    expect(spends).toBe(0);
    expect(repeats.once(checkOf(1), at(1), () => spentOf(1))).toBe(first);
  });

  test('there is room again as soon as one has ended', async () => {
    const repeats = createRepeats({ underWayMax: 1 });
    await repeats.once(checkOf(1), at(0), () => Promise.resolve(spentOf(1)));
    expect(repeats.once(checkOf(2), at(0), () => spentOf(2))).toEqual(spentOf(2));
  });

  test('one that began anew does not keep older ones that must go', () => {
    const repeats = createRepeats({ underWayMax: 3 });
    void repeats.once(checkOf(1), at(0), () => never);
    void repeats.once(checkOf(2), at(1), () => never);
    void repeats.once(checkOf(1), at(KEPT_MS), () => never);
    void repeats.once(checkOf(3), at(KEPT_MS), () => never);
    expect(repeats.once(checkOf(4), at(KEPT_MS + 1), () => spentOf(4))).toEqual(spentOf(4));
  });

  test('there is room again when those that do not end were waited for long enough', () => {
    const repeats = createRepeats({ underWayMax: 2 });
    void repeats.once(checkOf(1), at(0), () => never);
    void repeats.once(checkOf(2), at(1), () => never);
    expect(repeats.once(checkOf(3), at(KEPT_MS - 1), () => spentOf(3))).toMatchObject({ kind: 'outage' });
    expect(repeats.once(checkOf(3), at(KEPT_MS), () => spentOf(3))).toEqual(spentOf(3));
  });
});

test('bounds are whole numbers from 1 on', () => {
  for (const max of [0, -1, 0.5, Number.NaN]) {
    expect(() => createRepeats({ recordsMax: max })).toThrow(RangeError);
    expect(() => createRepeats({ underWayMax: max })).toThrow(RangeError);
  }
});

function odd(id: number): Spending {
  return { kind: 'refused', denial: { code: 'permission_missing', permission: `p${id}` }, limits: [] };
}

function spentOf(remaining: number): Spending {
  return { kind: 'spent', limits: [{ limit: LIMIT, remaining, resetMs: 0, waitMs: 0 }] };
}

function at(monotonicMs: number) {
  return { wallMs: 0, monotonicMs };
}

function checkOf(id: number): RepeatableCheck {
  return {
    api: { name: 'truedy' } as Api,
    principal: { credential: 'api_key', keyId: 'key_1' } as Principal,
    charges: [{ limit: LIMIT, subject: { word0: 1, word1: 2, word2: 3 } }],
    request: {
      gateway: 'envoy-grpc',
      gatewayRequestId: `r-${id}`,
      gatewayTime: '',
      method: 'GET',
      target: '/',
      host: 'api.truedy.ai',
      namedApi: '',
      peerAddress: '192.0.2.1',
      headers: { all: () => [], names: () => [] },
    },
  };
}
