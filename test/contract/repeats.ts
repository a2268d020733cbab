import { beforeEach, describe, expect, test } from 'vitest';
import type { Limit, LimitState } from '../../src/domain/limit.ts';
import type { Api } from '../../src/domain/policy.ts';
import type { Principal } from '../../src/domain/principal.ts';
import type { AuthzRequest } from '../../src/domain/request.ts';
import type { Spending } from '../../src/domain/spending.ts';
import { DependencyDown } from '../../src/ports.ts';
import type { Eventually, RepeatableCheck, Repeats } from '../../src/ports.ts';

/** How long an implementation remembers. */
const KEPT_MS = 5_000;

/** What every implementation of Repeats promises. The factory gives an empty one. */
export function describeRepeats(name: string, create: () => Repeats): void {
  describe(`Repeats: ${name}`, () => {
    let repeats: Repeats;
    let spends: number;
    beforeEach(() => {
      repeats = create();
      spends = 0;
    });

    /** Asks at a time; `spends` tells how often anything was spent. */
    function ask(atMs: number, spending: Eventually<Spending>, check: RepeatableCheck = CHECK) {
      return repeats.once(check, { wallMs: 0, monotonicMs: atMs }, () => {
        spends += 1;
        return spending;
      });
    }

    test('spends once for a check and its repeats', async () => {
      const first = await ask(0, SPENT);
      expect(first).toEqual(SPENT);
      expect(await ask(0, REFUSED)).toEqual(first);
      expect(await ask(0, REFUSED)).toEqual(first);
      expect(spends).toBe(1);
    });

    test('answers at once where spending does', () => {
      expect(ask(0, SPENT)).not.toBeInstanceOf(Promise);
      expect(ask(0, SPENT)).not.toBeInstanceOf(Promise);
    });

    test('keeps the sessions of a key apart, and the subjects of an issuer', async () => {
      const session = (sessionId: string) => checkOf({ principal: { credential: 'session', sessionId } });
      await ask(0, SPENT, session('ses_1'));
      expect(await ask(0, REFUSED, session('ses_1'))).toEqual(SPENT);
      expect(await ask(0, REFUSED, session('ses_2'))).toEqual(REFUSED);
      const subject = (word2: number) =>
        checkOf({ key: '', principal: { credential: 'jwt', subject: { ...SUBJECT, word2 } } });
      await ask(0, SPENT, subject(1));
      expect(await ask(0, REFUSED, subject(1))).toEqual(SPENT);
      expect(await ask(0, REFUSED, subject(2))).toEqual(REFUSED);
    });

    test('remembers for five seconds and not longer', async () => {
      await ask(0, SPENT);
      expect((await ask(KEPT_MS - 1, REFUSED)).kind).toBe('spent');
      expect((await ask(KEPT_MS, REFUSED)).kind).toBe('refused');
      expect((await ask(KEPT_MS + 1, SPENT)).kind).toBe('refused');
      expect(spends).toBe(2);
    });

    test('remembers on when the clock went back', async () => {
      await ask(10_000, SPENT);
      expect(await ask(3_000, REFUSED)).toEqual(SPENT);
    });

    test('shows a repeat how far the limits have come since', async () => {
      await ask(0, SPENT);
      expect(await ask(1_500, REFUSED)).toEqual({
        kind: 'spent',
        limits: [
          { limit: MINUTE, remaining: 0, resetMs: 500, waitMs: 500.25 },
          { limit: DAY, remaining: 7, resetMs: 86_398_500, waitMs: 0 },
        ],
      });
      const [minute] = (await limitsAt(3_000)).map(({ resetMs, waitMs }) => ({ resetMs, waitMs }));
      expect(minute).toEqual({ resetMs: 0, waitMs: 0 });
    });

    async function limitsAt(atMs: number): Promise<readonly LimitState[]> {
      const spending = await ask(atMs, REFUSED);
      return spending.kind === 'outage' ? [] : spending.limits;
    }

    for (const spending of spendings()) {
      test(`repeats exactly what was ${titleOf(spending)}`, async () => {
        await ask(0, spending);
        expect(await ask(0, { kind: 'outage', dependency: 'tokens' })).toEqual(spending);
        expect(spends).toBe(1);
      });

      test(`repeats exactly what was ${titleOf(spending)} after a wait`, async () => {
        await ask(0, Promise.resolve(spending));
        expect(await ask(0, { kind: 'outage', dependency: 'tokens' })).toEqual(spending);
        expect(spends).toBe(1);
      });
    }

    test('joins a check that is under way', async () => {
      const { promise, resolve } = Promise.withResolvers<Spending>();
      const asked = [ask(0, promise), ask(1, REFUSED), ask(2, REFUSED)];
      expect(spends).toBe(1);
      resolve(SPENT);
      expect(await Promise.all(asked.map(toPromise))).toEqual([SPENT, SPENT, SPENT]);
      expect(await ask(0, REFUSED)).toEqual(SPENT);
      expect(spends).toBe(1);
    });

    test('does not remember an outage', async () => {
      await ask(0, { kind: 'outage', dependency: 'credits' });
      await ask(1, Promise.resolve({ kind: 'outage', dependency: 'credits' } as const));
      expect(await ask(2, SPENT)).toEqual(SPENT);
      expect(spends).toBe(3);
    });

    test('shares a rejection with who has joined, and does not remember it', async () => {
      const { promise, reject } = Promise.withResolvers<Spending>();
      const asked = [ask(0, promise), ask(0, SPENT)];
      reject(new DependencyDown('credits', 'gone'));
      for (const { status } of await Promise.allSettled(asked.map(toPromise)))
        expect(status).toBe('rejected');
      expect(await ask(0, SPENT)).toEqual(SPENT);
      expect(spends).toBe(2);
    });

    test('does not remember what threw', async () => {
      expect(() => repeats.once(CHECK, { wallMs: 0, monotonicMs: 0 }, throwBug)).toThrow(RangeError);
      expect(await ask(0, SPENT)).toEqual(SPENT);
    });

    test('lets go of a check under way that does not end', async () => {
      void ask(0, new Promise<Spending>(() => undefined));
      expect(await ask(KEPT_MS, SPENT)).toEqual(SPENT);
      expect(spends).toBe(2);
    });

    test('a late end does not touch the check that has taken its place', async () => {
      const late = Promise.withResolvers<Spending>();
      const first = ask(0, late.promise);
      const second = Promise.withResolvers<Spending>();
      const running = ask(KEPT_MS, second.promise);
      late.resolve(REFUSED);
      await first;
      const joined = ask(KEPT_MS + 1, REFUSED);
      second.resolve(SPENT);
      expect(await Promise.all([running, joined].map(toPromise))).toEqual([SPENT, SPENT]);
      expect(await ask(KEPT_MS + 2, REFUSED)).toMatchObject({ kind: 'spent' });
    });

    test('without an id of the gateway every check is its own', async () => {
      const check = checkOf({ request: { gatewayRequestId: '' } });
      await ask(0, SPENT, check);
      expect(await ask(0, REFUSED, check)).toEqual(REFUSED);
      expect(spends).toBe(2);
    });

    for (const [what, check] of Object.entries(OTHERS)) {
      test(`is another check with another ${what}`, async () => {
        await ask(0, SPENT);
        await ask(0, REFUSED, check);
        expect(spends).toBe(2);
        expect(await ask(0, REFUSED)).toEqual(SPENT);
      });
    }

    test('is the same check whatever other headers, host or wall time it comes with', async () => {
      await ask(0, SPENT);
      const check = checkOf({ request: { host: 'other.example' } });
      expect(await repeats.once(check, { wallMs: 9e12, monotonicMs: 0 }, () => REFUSED)).toEqual(SPENT);
    });
  });
}

const MINUTE: Limit = { scope: 'key', count: 10, windowMs: 60_000, name: 'key-minute' };
const DAY: Limit = { scope: 'account', count: 1_000, windowMs: 86_400_000, name: 'account-day' };

const STATES: readonly LimitState[] = [
  { limit: MINUTE, remaining: 0, resetMs: 2_000, waitMs: 2_000.25 },
  { limit: DAY, remaining: 7, resetMs: 86_400_000, waitMs: 0 },
];
const SPENT: Spending = { kind: 'spent', limits: STATES };
const REFUSED: Spending = { kind: 'refused', denial: { code: 'rate_limited' }, limits: STATES };

/** One of each kind that a check may end in, those that fit no packed record included. */
function spendings(): readonly Spending[] {
  const states = STATES;
  return [
    SPENT,
    { kind: 'spent', limits: [] },
    { kind: 'spent', limits: [], degraded: 'limits' },
    { kind: 'spent', limits: states, degraded: 'credits' },
    { kind: 'spent', limits: states, degraded: 'directory' },
    REFUSED,
    {
      kind: 'refused',
      denial: { code: 'rate_limited' },
      limits: states.map((s) => ({ ...s, waitMs: Infinity })),
    },
    { kind: 'refused', denial: { code: 'insufficient_credits' }, limits: states },
    { kind: 'refused', denial: { code: 'insufficient_credits' }, limits: [] },
    { kind: 'refused', denial: { code: 'credential_invalid', fault: 'revoked_meanwhile' }, limits: states },
    { kind: 'refused', denial: { code: 'permission_missing', permission: 'x:read' }, limits: states },
    { kind: 'spent', limits: states.toReversed() },
    {
      kind: 'spent',
      limits: Array.from({ length: 9 }, (_, remaining) => ({
        limit: MINUTE,
        remaining,
        resetMs: 5,
        waitMs: 0,
      })),
    },
  ];
}

async function toPromise<T>(value: Eventually<T>): Promise<T> {
  return value;
}

function throwBug(): never {
  throw new RangeError('a bug');
}

function titleOf(spending: Spending): string {
  return JSON.stringify(spending, (key, value: unknown) =>
    key === 'limits' ? (value as unknown[]).length : value,
  );
}

interface Differing {
  readonly api?: string;
  readonly key?: string;
  readonly principal?: Partial<Principal>;
  readonly limits?: readonly Limit[];
  readonly request?: Partial<AuthzRequest>;
}

const SUBJECT = { word0: 1, word1: 2, word2: 3 };

function checkOf({
  api = 'truedy',
  key = 'key_1',
  principal = {},
  limits = [MINUTE, DAY],
  request = {},
}: Differing): RepeatableCheck {
  return {
    api: { name: api } as Api,
    principal: { credential: 'api_key', keyId: key, subject: SUBJECT, ...principal } as Principal,
    charges: limits.map((limit) => ({ limit, subject: SUBJECT })),
    request: {
      gateway: 'envoy-grpc',
      gatewayRequestId: 'r-1',
      gatewayTime: '2026-01-01T00:00:00.000001Z',
      method: 'GET',
      target: '/v1/things?page=1',
      host: 'api.truedy.ai',
      namedApi: '',
      peerAddress: '192.0.2.1',
      headers: { all: () => [], names: () => [] },
      ...request,
    },
  };
}

const CHECK = checkOf({});

const OTHERS: Readonly<Record<string, RepeatableCheck>> = {
  api: checkOf({ api: 'clary' }),
  key: checkOf({ key: 'key_2' }),
  'token that the key has signed': checkOf({ principal: { credential: 'jwt' } }),
  'session of the key': checkOf({ principal: { credential: 'session', sessionId: 'ses_1' } }),
  'request id': checkOf({ request: { gatewayRequestId: 'r-2' } }),
  'time stamp': checkOf({ request: { gatewayTime: '2026-01-01T00:00:00.000002Z' } }),
  peer: checkOf({ request: { peerAddress: '192.0.2.2' } }),
  method: checkOf({ request: { method: 'POST' } }),
  path: checkOf({ request: { target: '/v1/thing?page=1' } }),
  query: checkOf({ request: { target: '/v1/things?page=2' } }),
  'count of a limit': checkOf({ limits: [{ ...MINUTE, count: 11 }, DAY] }),
  'number of limits': checkOf({ limits: [MINUTE] }),
  'cut between its fields': checkOf({ request: { method: 'GET/v1', target: '/things?page=1' } }),
  'cut that copies the lengths': checkOf({ request: { method: 'GET17:/v1/things?page=1', target: '' } }),
};
