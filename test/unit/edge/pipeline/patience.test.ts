import { describe, expect, test } from 'vitest';
import { compile } from '../../../../src/config/compile.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import { authorize } from '../../../../src/edge/pipeline/authorize.ts';
import { patienceOf } from '../../../../src/edge/pipeline/patience.ts';
import { findPlace } from '../../../../src/edge/pipeline/route.ts';
import { createRepeats } from '../../../../src/edge/repeats/memory.ts';
import { createTestClock } from '../../../world.ts';
import { load } from '../../config/world.ts';
import { BUDGET_MS, FULL_API, START_MS, requestWith } from './world.ts';

const ISSUER = {
  issuer: 'https://issuer.example',
  algorithms: ['ES256'],
  audiences: ['one'],
  keys: { url: 'https://issuer.example/jwks' },
  claims: { account: 'sub' },
};

describe('patience', () => {
  test.each([
    { timeoutMs: undefined, is: BUDGET_MS },
    { timeoutMs: 1_000, is: BUDGET_MS },
    { timeoutMs: 100, is: 60 },
  ])('of a gateway that waits $timeoutMs ms is $is ms', ({ timeoutMs, is }) => {
    const request = requestWith('key');
    expect(patienceOf(timeoutMs === undefined ? request : { ...request, timeoutMs }, BUDGET_MS)).toBe(is);
  });

  test('an issuer’s keys are waited for within the budget, or less where the gateway waits less', () => {
    const jwt = '      - jwt: { header: Authorization, scheme: Bearer }\n    routes:\n';
    const tokens = `tokens: ${JSON.stringify({ issuers: { outside: ISSUER } })}\n`;
    const policy = compile(load({ api: FULL_API.replace('    routes:\n', jwt) + tokens }).document);
    const asked: (number | undefined)[] = [];
    const ports = {
      directory: { find: () => undefined },
      subjects: { findKey: () => undefined, findAccount: () => undefined, findSession: () => undefined },
      tokens: {
        verify(...[, , , withinMs]: readonly [unknown, unknown, unknown, number?]) {
          asked.push(withinMs);
          return 'token_issuer' as const;
        },
      },
      counters: createMemoryCounters(),
      credits: { charge: () => Promise.reject(new Error('nothing is charged here')) },
      repeats: createRepeats(),
      onCharged: () => undefined,
      budgetMs: BUDGET_MS,
    };
    const now = createTestClock(START_MS).now();
    for (const timeoutMs of [Infinity, 100]) {
      const request = { ...requestWith('a.b.c'), timeoutMs };
      void authorize({ request, place: findPlace(policy, request), now }, ports);
    }
    expect(asked).toEqual([BUDGET_MS, 60]);
  });
});
