import { AuthorizationService, CheckResponse } from '@envoyproxy/ext-authz-types';
import { HealthCheckRequest, HealthCheckResponse, HealthService } from '@envoyproxy/ext-authz-types/health';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { GrpcError } from '../../../../../src/edge/gateway/envoy-grpc/grpc-error.ts';
import { ANSWER_MS_MAX } from '../../../../../src/edge/gateway/envoy-grpc/limits.ts';
import { createMethods } from '../../../../../src/edge/gateway/envoy-grpc/methods.ts';
import type { Answer } from '../../../../../src/edge/gateway/envoy-grpc/methods.ts';
import { SWEEP_MS } from '../../../../../src/lib/waiting.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { FIXTURES, readBytes } from './fixtures.ts';

const DENY = denyReply({ code: 'credential_missing', status: 401 });
const BUSY = denyReply({ code: 'unavailable', status: 503 });
const NO_CHECK = Buffer.alloc(0);

/** Allows the one good key, which no fixture holds, and nothing else. */
const strict: Answer = ({ headers }) => (headers.all('x-good-key').length > 0 ? allowReply() : DENY);

interface Changes {
  readonly serving?: boolean;
  readonly checksMax?: number;
  readonly timeoutMs?: number;
  readonly isBehind?: () => boolean;
}

function create(answer: Answer, changes: Changes = {}) {
  const bugs: unknown[] = [];
  const refused: AuthzRequest[] = [];
  const methods = createMethods({
    answer,
    onBug: (error) => bugs.push(error),
    isServing: () => changes.serving ?? true,
    refuse: (request) => {
      refused.push(request);
      return BUSY;
    },
    isBehind: changes.isBehind ?? (() => false),
    checksMax: changes.checksMax ?? 10,
    nowMs: () => performance.now(),
  });
  const call = (path: string, message: Uint8Array) => {
    const method = methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    return method(message, { timeoutMs: changes.timeoutMs ?? Infinity });
  };
  return {
    bugs,
    refused,
    methods,
    check: (message: Uint8Array) => call(AuthorizationService.check.path, message),
    health: (service: string) => {
      const bytes = call(HealthService.check.path, HealthCheckRequest.encode({ service }).finish());
      if (bytes instanceof Promise) throw new Error('health must not wait');
      return HealthCheckResponse.decode(bytes).status;
    },
  };
}

describe('a check', () => {
  test('there are two methods, under the paths that Envoy and health checks ask', () => {
    expect([...create(() => DENY).methods.keys()]).toEqual([
      '/envoy.service.auth.v3.Authorization/Check',
      '/grpc.health.v1.Health/Check',
    ]);
  });

  test('that is decided at once is answered at once, without a promise', () => {
    expect(create(() => DENY).check(readBytes('bearer-key'))).toBeInstanceOf(Uint8Array);
  });

  test('whose answer is a bug fails as INTERNAL without its text, at once or later, and is reported once', async () => {
    const bug = new Error('secret of the house');
    const failure = { code: 13, message: 'internal error' };
    const throwing = create(() => {
      throw bug;
    });
    expect(() => throwing.check(NO_CHECK)).toThrow(expect.objectContaining(failure));
    const rejecting = create(() => Promise.reject(bug));
    await expect(rejecting.check(NO_CHECK)).rejects.toMatchObject(failure);
    expect([throwing.bugs, rejecting.bugs]).toEqual([[bug], [bug]]);
  });

  test('whose reply contradicts itself fails as INTERNAL, at once or later', async () => {
    const reply = allowReply({ code: 'rate_limited' });
    expect(() => create(() => reply).check(NO_CHECK)).toThrow(expect.objectContaining({ code: 13 }));
    await expect(create(() => Promise.resolve(reply)).check(NO_CHECK)).rejects.toMatchObject({ code: 13 });
  });

  test('that is answered later keeps its answer while others are made, in the same turn too', async () => {
    const accounts = ['acme', 'globex', 'initech'];
    const { check } = create(() => Promise.resolve(allowReply({ account: accounts.shift() ?? '' })));
    const bytes = [NO_CHECK, NO_CHECK, NO_CHECK].map((message) => Promise.resolve(check(message)));
    const told = (await Promise.all(bytes)).map((one) => CheckResponse.decode(one).dynamicMetadata);
    expect(told).toMatchObject([{ account: 'acme' }, { account: 'globex' }, { account: 'initech' }]);
  });

  test('that cannot be decoded fails as INVALID_ARGUMENT and is no bug', () => {
    const { check, bugs } = create(() => allowReply());
    expect(() => check(Buffer.from([0x0a, 0xff]))).toThrow(expect.objectContaining({ code: 3 }));
    expect(bugs).toEqual([]);
  });

  test('is refused as an outage, undecided, while as many wait as may, and answered again once one has ended', async () => {
    const first = Promise.withResolvers<typeof DENY>();
    const replies = [first.promise, Promise.resolve(DENY)];
    const asked: AuthzRequest[] = [];
    const { check, bugs, refused } = create(
      (request) => {
        asked.push(request);
        return replies.shift() ?? DENY;
      },
      { checksMax: 1 },
    );
    const waiting = check(readBytes('bearer-key'));
    expect(statusOf(check(readBytes('bearer-key')))).toBe(503);
    expect(asked).toHaveLength(1);
    expect(refused[0]?.host).toBe(asked[0]?.host);
    first.resolve(DENY);
    expect(statusOf(await waiting)).toBe(401);
    expect(statusOf(await check(NO_CHECK))).toBe(401);
    expect(bugs).toEqual([]);
  });

  test('is refused as an outage, undecided, while the loop is behind, and answered again once it is not', () => {
    let isBehind = true;
    const asked: AuthzRequest[] = [];
    const answer: Answer = (request) => {
      asked.push(request);
      return DENY;
    };
    const { check, health } = create(answer, { isBehind: () => isBehind });
    expect(statusOf(check(NO_CHECK))).toBe(503);
    expect(asked).toEqual([]);
    expect(health('')).toBe(1);
    isBehind = false;
    expect(statusOf(check(NO_CHECK))).toBe(401);
  });

  test('gives its place back when its answer fails', async () => {
    const { check } = create(() => Promise.reject(new Error('down')), { checksMax: 1 });
    await expect(check(NO_CHECK)).rejects.toThrow('internal error');
    await expect(check(NO_CHECK)).rejects.toThrow('internal error');
  });

  test.each([
    ['when its gateway has given up', 200, 200],
    ['after ANSWER_MS_MAX where its gateway waits for ever', Infinity, ANSWER_MS_MAX],
    ['after ANSWER_MS_MAX where its gateway waits longer', 10 * ANSWER_MS_MAX, ANSWER_MS_MAX],
  ])('that is never answered ends as an outage and gives its place back %s', async (_, timeoutMs, endsMs) => {
    vi.useFakeTimers();
    try {
      const { check } = create(() => new Promise<never>(() => {}), { checksMax: 1, timeoutMs });
      let ended = false;
      const waiting = Promise.resolve(check(NO_CHECK)).finally(() => (ended = true));
      await vi.advanceTimersByTimeAsync(endsMs - 1);
      expect(ended).toBe(false);
      await vi.advanceTimersByTimeAsync(SWEEP_MS);
      expect(statusOf(await waiting)).toBe(503);
      expect(vi.getTimerCount()).toBe(0);
      expect(check(NO_CHECK)).toBeInstanceOf(Promise);
    } finally {
      vi.useRealTimers();
    }
  });

  test('tells its answer how long the gateway waits', () => {
    const asked: AuthzRequest[] = [];
    const answer: Answer = (request) => {
      asked.push(request);
      return DENY;
    };
    void create(answer, { timeoutMs: 200 }).check(NO_CHECK);
    void create(answer).check(NO_CHECK);
    expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([200, Infinity]);
  });
});

/** The HTTP status of a refusal. */
function statusOf(bytes: Uint8Array | Promise<Uint8Array>): number | undefined {
  if (bytes instanceof Promise) throw new Error('the answer was not there at once');
  const { httpResponse } = CheckResponse.decode(bytes);
  return httpResponse?.$case === 'deniedResponse' ? httpResponse.value.status?.code : undefined;
}

describe('no message', () => {
  const { check, bugs } = create(strict);

  /** An answer that is not a refusal, or an exception that is not the named one, fails the test. */
  function expectRefused(message: Uint8Array): void {
    let bytes: Uint8Array | Promise<Uint8Array>;
    try {
      bytes = check(message);
    } catch (error) {
      expect(error).toBeInstanceOf(GrpcError);
      expect(error).toMatchObject({ code: 3 });
      return;
    }
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(CheckResponse.decode(bytes as Uint8Array).status?.code).toBe(16);
  }

  test('of random bytes is allowed or found a bug', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), expectRefused), { numRuns: 2_000 });
    expect(bugs).toEqual([]);
  });

  test('that was recorded, then altered, cut or spliced, is allowed or found a bug', () => {
    const recorded = fc.constantFrom(...FIXTURES).map(readBytes);
    const change = fc.record({
      at: fc.nat(20_000),
      bytes: fc.uint8Array({ maxLength: 8 }),
      drop: fc.nat(8),
    });
    const cut = fc.option(fc.nat(20_000), { nil: undefined });
    const altered = fc
      .tuple(recorded, fc.array(change, { maxLength: 4 }), cut)
      .map(([bytes, changes, end]) => {
        const message = changes.reduce<Buffer>((so, { at, bytes: put, drop }) => {
          const from = at % (so.length + 1);
          return Buffer.concat([so.subarray(0, from), put, so.subarray(from + drop)]);
        }, bytes);
        return end === undefined ? message : message.subarray(0, end % (message.length + 1));
      });
    fc.assert(fc.property(altered, expectRefused), { numRuns: 3_000 });
    expect(bugs).toEqual([]);
  });

  test('nested deeper than a stack is allowed or ends the process', () => {
    // Group starts of an unknown field: a decoder that follows them needs one frame each.
    expectRefused(Buffer.alloc(1024 * 1024, 0x7b));
  });
});

describe('health', () => {
  test.each(['', 'envoy.service.auth.v3.Authorization'])('of %j follows what was announced', (service) => {
    expect(create(() => DENY, { serving: true }).health(service)).toBe(1);
    expect(create(() => DENY, { serving: false }).health(service)).toBe(2);
  });

  test('of a service that is not here is NOT_FOUND', () => {
    const { health } = create(() => DENY);
    expect(() => health('envoy.service.auth.v2.Authorization')).toThrow(expect.objectContaining({ code: 5 }));
  });
});
