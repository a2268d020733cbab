import { describe, expect, test } from 'vitest';
import { ALGORITHMS } from '../../../../src/edge/tokens/algorithms.ts';
import {
  createSignatureWork,
  KEYS_TRIED_COST,
  TURNS_MAX,
  WAITING_MAX,
  WRONG_PER_SECOND_MAX,
} from '../../../../src/edge/tokens/signature-work.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { vary } from './hostile.ts';
import { rsa, rsaOther, signerOf } from './keys.ts';
import { apiWith, createTokenWorld, ALL } from './world.ts';

const TEXT = 'header.payload';
const RIGHT = {
  text: TEXT,
  signature: signerOf(rsa, 'RS256')(TEXT),
  key: rsa.publicKey,
  algorithm: ALGORITHMS.RS256,
};
const WRONG = { ...RIGHT, signature: signerOf(rsaOther, 'RS256')(TEXT) };
const START = { wallMs: 0, monotonicMs: 1_000 };

function exhausted() {
  const work = createSignatureWork();
  for (let index = 0; index < WRONG_PER_SECOND_MAX; index += 1)
    expect(work.isRight(WRONG, START)).toBe(false);
  return work;
}

describe('the work of signatures', () => {
  test('is done at once for as many right ones as come', () => {
    const work = createSignatureWork();
    for (let index = 0; index < 3 * WRONG_PER_SECOND_MAX; index += 1)
      expect(work.isRight(RIGHT, START)).toBe(true);
  });

  test('is done elsewhere after a second’s worth of wrong ones, with the same results', async () => {
    const work = exhausted();
    const right = work.isRight(RIGHT, START);
    const wrong = work.isRight(WRONG, START);
    const short = work.isRight({ ...WRONG, signature: Buffer.alloc(3) }, START);
    expect([right, wrong, short].every((answer) => answer instanceof Promise)).toBe(true);
    expect(await Promise.all([right, wrong, short])).toEqual([true, false, false]);
  });

  test('is done at once again when time has passed, in measure', () => {
    const work = exhausted();
    const later = { wallMs: 0, monotonicMs: START.monotonicMs + 10 };
    const answers = Array.from({ length: 6 }, () => work.isRight(WRONG, later));
    expect(answers.filter((answer) => answer === false)).toHaveLength(5);
    expect(answers.at(-1)).toBeInstanceOf(Promise);
  });

  test('gains nothing by a clock that stands or goes back', () => {
    const work = exhausted();
    expect(work.isRight(WRONG, { wallMs: 0, monotonicMs: 0 })).toBeInstanceOf(Promise);
    expect(work.isRight(WRONG, START)).toBeInstanceOf(Promise);
  });

  test('is waited for by a bounded number; further ones are told that there is no room', async () => {
    const work = exhausted();
    const waiting = Array.from({ length: WAITING_MAX }, () => work.isRight(RIGHT, START));
    expect(() => work.isRight(RIGHT, START)).toThrow(DependencyDown);
    for (const answer of waiting) expect(await answer).toBe(true);
    expect(await work.isRight(RIGHT, START)).toBe(true);
  });
});

const SIGNER = { keyId: 'key_1' };

describe('the trying of keys', () => {
  test('is done at once for as many right tokens as come, and for wrong ones in measure', () => {
    const work = createSignatureWork();
    for (let index = 0; index < WRONG_PER_SECOND_MAX; index += 1)
      expect(work.tryKeys(() => SIGNER, START)).toBe(SIGNER);
    for (let index = 0; index < WRONG_PER_SECOND_MAX / KEYS_TRIED_COST; index += 1)
      expect(work.tryKeys(() => 'token_signature', START)).toBe('token_signature');
    expect(work.tryKeys(() => 'token_signature', START)).toBeInstanceOf(Promise);
  });

  test('has a turn of the event loop for each token in a flood, and what came in meanwhile comes first', async () => {
    const work = exhausted();
    const order: string[] = [];
    const tried = ['first', 'second'].map((name) =>
      work.tryKeys(() => {
        order.push(name);
        setImmediate(() => order.push(`came after the ${name}`));
        return SIGNER;
      }, START),
    );
    expect(order).toEqual([]);
    for (const signer of tried) expect(await signer).toBe(SIGNER);
    expect(order).toEqual(['first', 'came after the first', 'second']);
  });

  test('is waited for by a bounded number, and a bug in one stops no other', async () => {
    const work = exhausted();
    const bug = work.tryKeys(() => {
      throw new TypeError('a bug');
    }, START);
    const waiting = Array.from({ length: TURNS_MAX - 1 }, () => work.tryKeys(() => SIGNER, START));
    expect(() => work.tryKeys(() => SIGNER, START)).toThrow(DependencyDown);
    await expect(bug).rejects.toThrow(TypeError);
    for (const answer of waiting) expect(await answer).toBe(SIGNER);
    expect(await work.tryKeys(() => SIGNER, START)).toBe(SIGNER);
  });
});

describe('a flood of forged tokens', () => {
  test('said to be signed by a customer refuses no right one, new or known', async () => {
    const world = createTokenWorld();
    const known = vary('key_signed', { payload: { jti: 'known' } });
    await world.verify(known);
    for (let index = 0; index < WRONG_PER_SECOND_MAX / KEYS_TRIED_COST; index += 1) {
      const forged = vary('key_signed', {
        payload: { jti: `${index}` },
        sign: () => Buffer.alloc(32, index),
      });
      expect(await world.verify(forged)).toBe('token_signature');
    }
    const now = world.clock.now();
    const late = world.verifier.verify(world.api, vary('key_signed', { payload: { jti: 'fresh' } }), now);
    expect(late).toBeInstanceOf(Promise);
    expect(await late).toMatchObject({ kind: 'key_signed' });
    expect(world.verifier.verify(world.api, known, now)).toMatchObject({ kind: 'key_signed' });
  });

  test('holds up no token that was believed before, none of another API, and refuses no new right one', async () => {
    const one = apiWith(ALL);
    const two = apiWith(ALL, 'two', 1);
    const world = createTokenWorld({ apis: [one, two] });
    const known = vary('issuer', { payload: { jti: 'known' } });
    await world.verify(known, one);
    for (let index = 0; index < WRONG_PER_SECOND_MAX + 50; index += 1) {
      const forged = vary('issuer', { payload: { jti: `${index}` }, sign: () => Buffer.alloc(256, index) });
      expect(await world.verify(forged, one)).toBe('token_signature');
    }
    const now = world.clock.now();
    const fresh = vary('issuer', { payload: { jti: 'fresh' } });
    expect(world.verifier.verify(one, known, now)).toMatchObject({ kind: 'issuer' });
    expect(world.verifier.verify(two, fresh, now)).toMatchObject({ kind: 'issuer' });
    const late = world.verifier.verify(one, fresh, now);
    expect(late).toBeInstanceOf(Promise);
    expect(await late).toMatchObject({ kind: 'issuer' });
    expect(world.verifier.verify(one, fresh, now)).toMatchObject({ kind: 'issuer' });
  });
});
