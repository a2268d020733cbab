import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../../../src/lib/subject.ts';
import { mint } from './mint.ts';
import { createTokenWorld, GOOD, ISSUER, KEY_ID, KINDS, LEEWAY_S, NOW_MS, SESSION_ID } from './world.ts';

describe('a token that is right', () => {
  test('of an issuer speaks for the account of its claims, with the rights that the rules name', async () => {
    const world = createTokenWorld();
    expect(await world.verify(mint(GOOD.issuer))).toEqual({
      kind: 'issuer',
      rules: ISSUER,
      account: 'acme',
      accountSubject: subjectOf(['one', 'acme']),
      subject: subjectOf(['one', ISSUER.issuer, 'user_1']),
      permissions: new Set(['read']),
      role: 'admin',
      expiresAtMs: NOW_MS + (600 + LEEWAY_S) * 1_000,
    });
  });

  test('signed with an API key names the key and its tier', async () => {
    const world = createTokenWorld();
    const expiresAtMs = NOW_MS + (3_540 + LEEWAY_S) * 1_000;
    expect(await world.verify(mint(GOOD.key_signed))).toEqual({
      kind: 'key_signed',
      keyId: KEY_ID,
      tier: 0,
      expiresAtMs,
    });
  });

  test('of a session names the session', async () => {
    const world = createTokenWorld();
    const expiresAtMs = NOW_MS + (540 + LEEWAY_S) * 1_000;
    expect(await world.verify(mint(GOOD.session))).toEqual({
      kind: 'session',
      sessionId: SESSION_ID,
      expiresAtMs,
    });
  });

  test.each(KINDS)('of kind %s is the same again, and a value at once', async (kind) => {
    const world = createTokenWorld();
    const token = mint(GOOD[kind]);
    const first = await world.verify(token);
    const again = world.verifier.verify(world.api, token, world.clock.now());
    expect(again).toEqual(first);
  });
});
