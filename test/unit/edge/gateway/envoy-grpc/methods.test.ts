import { AuthorizationService, CheckResponse } from '@envoyproxy/ext-authz-types';
import { HealthCheckRequest, HealthCheckResponse, HealthService } from '@envoyproxy/ext-authz-types/health';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrpcError } from '../../../../../src/edge/gateway/envoy-grpc/grpc-status.ts';
import { createMethods } from '../../../../../src/edge/gateway/envoy-grpc/methods.ts';
import type { Answer } from '../../../../../src/edge/gateway/envoy-grpc/methods.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';
import { FIXTURES, readBytes } from './fixtures.ts';

const CALL = { deadlineMs: Infinity };
const DENY = denyReply({ code: 'credential_missing', status: 401 });
const NO_CHECK = Buffer.alloc(0);

/** Allows the one good key, which no fixture holds, and nothing else. */
const strict: Answer = ({ headers }) => (headers.all('x-good-key').length > 0 ? allowReply() : DENY);

function create(answer: Answer, changes: { serving?: boolean; runningMax?: number } = {}) {
  const bugs: unknown[] = [];
  const methods = createMethods({
    answer,
    onBug: (error) => bugs.push(error),
    isServing: () => changes.serving ?? true,
    runningMax: changes.runningMax ?? 10,
  });
  const call = (path: string, message: Uint8Array) => {
    const method = methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    return method(message, CALL);
  };
  return {
    bugs,
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

  test('that cannot be decoded fails as INVALID_ARGUMENT and is no bug', () => {
    const { check, bugs } = create(() => allowReply());
    expect(() => check(Buffer.from([0x0a, 0xff]))).toThrow(expect.objectContaining({ code: 3 }));
    expect(bugs).toEqual([]);
  });

  test('is refused as UNAVAILABLE while as many wait as may, and answered again once one has ended', async () => {
    const first = Promise.withResolvers<typeof DENY>();
    const replies = [first.promise, Promise.resolve(DENY)];
    const { check, bugs } = create(() => replies.shift() ?? DENY, { runningMax: 1 });
    const waiting = check(NO_CHECK);
    expect(() => check(NO_CHECK)).toThrow(expect.objectContaining({ code: 14 }));
    first.resolve(DENY);
    await waiting;
    await expect(check(NO_CHECK)).resolves.toBeInstanceOf(Uint8Array);
    expect(bugs).toEqual([]);
  });

  test('gives its place back when its answer fails', async () => {
    const { check } = create(() => Promise.reject(new Error('down')), { runningMax: 1 });
    await expect(check(NO_CHECK)).rejects.toThrow('internal error');
    await expect(check(NO_CHECK)).rejects.toThrow('internal error');
  });
});

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
