import { describe, expect, test } from 'vitest';
import { vary } from './hostile.ts';
import { ed25519Other, p256Other, rsaOther, signerOf, toJwk } from './keys.ts';
import { mint } from './mint.ts';
import { createTokenWorld, GOOD, KINDS, LEEWAY_S, NOW_S, SESSION_KID } from './world.ts';
import type { TokenWorld } from './world.ts';

function remembered(world: TokenWorld): number {
  return (
    world.verifier.measure().levels.find(({ metric }) => metric === 'tollgate_tokens_remembered')?.value ?? -1
  );
}

describe.each(KINDS)('a remembered token of kind %s', (kind) => {
  test('ends with the very millisecond, leeway included', async () => {
    const world = createTokenWorld();
    const token = vary(kind, { payload: { exp: NOW_S + 60 } });
    expect(await world.verify(token)).toMatchObject({ kind });
    world.clock.advance((60 + LEEWAY_S) * 1_000 - 1);
    expect(await world.verify(token)).toMatchObject({ kind });
    world.clock.advance(1);
    expect(await world.verify(token)).toBe('token_expired');
    expect(remembered(world)).toBe(1);
  });

  test('is asked when it begins, too: a clock that a test set back makes it too early', async () => {
    const world = createTokenWorld();
    const token = vary(kind, { payload: { nbf: NOW_S } });
    expect(await world.verify(token)).toMatchObject({ kind });
    world.clock.jump(-6_000);
    expect(await world.verify(token)).toBe('token_not_yet_valid');
  });

  test('is another token with one character changed', async () => {
    const world = createTokenWorld();
    const token = mint(GOOD[kind]);
    await world.verify(token);
    for (const at of [5, token.indexOf('.') + 5, token.length - 5]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(typeof (await world.verify(changed))).toBe('string');
    }
    expect(typeof (await world.verify(`${token} `))).toBe('string');
    expect(remembered(world)).toBe(1);
  });

  test('is remembered only where it was believed', async () => {
    const world = createTokenWorld();
    const forged = vary(kind, { sign: signerOf(rsaOther, 'RS256') });
    expect(await world.verify(forged)).toBe('token_signature');
    expect(await world.verify(forged)).toBe('token_signature');
    expect(remembered(world)).toBe(0);
  });

  test('gives way to newer ones and is verified again, with the same result', async () => {
    const world = createTokenWorld({ tokensMax: 3 });
    const tokens = Array.from({ length: 10 }, (_, index) =>
      vary(kind, { payload: { sub: `s${index}`, jti: `j${index}` } }),
    );
    const first = [];
    for (const token of tokens) first.push(await world.verify(token));
    expect(remembered(world)).toBe(3);
    for (const [index, token] of tokens.entries()) expect(await world.verify(token)).toEqual(first[index]);
  });
});

describe('a remembered token of a session', () => {
  test('is refused as soon as its signing key is withdrawn, and believed again when that comes back', async () => {
    const world = createTokenWorld();
    const token = mint(GOOD.session);
    expect(await world.verify(token)).toMatchObject({ kind: 'session' });
    const key = world.keys.sessionKeys.get(SESSION_KID);
    world.keys.sessionKeys.delete(SESSION_KID);
    expect(await world.verify(token)).toBe('token_key');
    if (key !== undefined) world.keys.sessionKeys.set(SESSION_KID, key);
    expect(await world.verify(token)).toMatchObject({ kind: 'session' });
  });

  test('is verified again where another key has come under the same name', async () => {
    const world = createTokenWorld();
    const token = mint(GOOD.session);
    await world.verify(token);
    const told = { kid: SESSION_KID, algorithm: 'EdDSA', jwk: JSON.stringify(toJwk(ed25519Other)) } as const;
    world.keys.sessionKeys.set(SESSION_KID, told);
    expect(await world.verify(token)).toBe('token_signature');
  });

  test.each([
    ['no JSON', '{', 'EdDSA'],
    ['a private key', JSON.stringify(ed25519Other.privateKey.export({ format: 'jwk' })), 'EdDSA'],
    ['a key of another algorithm', JSON.stringify(toJwk(p256Other)), 'EdDSA'],
    ['a key for encryption', JSON.stringify(toJwk(ed25519Other, { use: 'enc' })), 'EdDSA'],
  ] as const)('is not verified with what is told of as its key and is %s', async (_, jwk, algorithm) => {
    const world = createTokenWorld();
    world.keys.sessionKeys.set(SESSION_KID, { kid: SESSION_KID, algorithm, jwk });
    expect(await world.verify(mint(GOOD.session))).toBe('token_key');
  });
});
