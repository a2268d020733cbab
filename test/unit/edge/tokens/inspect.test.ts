import { describe, expect, test } from 'vitest';
import { inspectToken } from '../../../../src/edge/tokens/inspect.ts';
import { createTestClock } from '../../../world.ts';
import { hostileTokens, vary } from './hostile.ts';
import { mint } from './mint.ts';
import { ALL, apiWith, createTokenWorld, GOOD, ISSUER, KINDS, NOW_MS, remoteSource } from './world.ts';

const clock = createTestClock(NOW_MS);

function inspect(token: string, api = apiWith(ALL)) {
  return inspectToken({ api, token, clock, network: 'never' });
}

describe('an inspection', () => {
  test('shows what a token says and that it is believed, where the configuration holds the key', async () => {
    const inspection = await inspect(mint(GOOD.issuer));
    expect(inspection).toEqual({
      header: GOOD.issuer.header,
      claims: GOOD.issuer.payload,
      kind: 'issuer',
      issuer: 'outside',
      verdict: 'believed',
      fault: null,
    });
  });

  test.each(['key_signed', 'session'] as const)(
    'leaves the signature of kind %s to the server',
    async (kind) => {
      expect(await inspect(mint(GOOD[kind]))).toMatchObject({ kind, verdict: 'unverified', fault: null });
    },
  );

  test.each(KINDS)('names the rule that an expired token of kind %s breaks', async (kind) => {
    const token = vary(kind, { payload: { exp: NOW_MS / 1_000 - 30 } });
    expect(await inspect(token)).toMatchObject({ kind, verdict: 'refused', fault: 'token_expired' });
  });

  test('asks no network: an issuer’s set behind a URL stays unfetched', async () => {
    const remote = { ...ISSUER, keys: remoteSource('http://127.0.0.1:1/') };
    const api = apiWith({ issuers: [remote] });
    expect(await inspect(mint(GOOD.issuer), api)).toMatchObject({ verdict: 'unverified' });
    const fetched = await inspectToken({ api, token: mint(GOOD.issuer), clock, network: 'key_sets' });
    expect(fetched).toMatchObject({ verdict: 'unverified' });
  });

  test('says of every hostile token what a check says, or that it lacks the key', async () => {
    const world = createTokenWorld();
    for (const { token, fault } of hostileTokens()) {
      const { verdict, fault: found } = await inspect(token);
      if (verdict === 'unverified')
        expect(['token_key', 'token_signature', 'token_algorithm']).toContain(fault);
      else expect(found).toBe(await world.verify(token));
    }
  });
});
