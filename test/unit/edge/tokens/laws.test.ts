import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { describe, expect, test } from 'vitest';
import { SECOND_MS } from '../../../../src/domain/time.ts';
import { TOKEN_FAULTS } from '../../../../src/domain/token.ts';
import { parseStrictJson } from '../../../../src/edge/tokens/strict-json.ts';
import { hostileTokens } from './hostile.ts';
import { mint } from './mint.ts';
import { createTokenWorld, GOOD, ISSUER, KINDS, LEEWAY_S, NOW_MS } from './world.ts';

describe.each(KINDS)('a token of kind %s', (kind) => {
  const world = createTokenWorld();
  const good = mint(GOOD[kind]);
  const letter = fc.oneof(
    fc.constantFrom('.', '=', '+', '/', ' ', '\n', '\u0000', '_', '-', '"', '{', '%'),
    fc.stringMatching(/^[A-Za-z0-9]$/),
    fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
  );
  const edit = fc.record({
    at: fc.integer({ min: 0, max: good.length }),
    cut: fc.integer({ min: 0, max: 3 }),
    put: fc.array(letter, { maxLength: 3 }),
  });

  test('that was changed anywhere by anything breaks a rule', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const changed = edits.reduce(
          (text, { at, cut, put }) => text.slice(0, at) + put.join('') + text.slice(at + cut),
          good,
        );
        fc.pre(changed !== good);
        expect(TOKEN_FAULTS).toContain(await world.verify(changed));
      }),
      { numRuns: 1_000 },
    );
  });

  test('with any header and any payload, rightly signed, is judged without a throw, and believed for no longer than it says', async () => {
    const { header, payload, sign } = GOOD[kind];
    const change = (members: object) =>
      fc.dictionary(fc.constantFrom(...Object.keys(members)), fc.jsonValue(), { maxKeys: 2 });
    await fc.assert(
      fc.asyncProperty(change(header), change(payload), async (headerChange, payloadChange) => {
        const claims = { ...payload, ...payloadChange };
        const token = mint({ header: { ...header, ...headerChange }, payload: claims, sign });
        const verified = await world.verify(token);
        if (typeof verified === 'string') expect(TOKEN_FAULTS).toContain(verified);
        else expect(verified.expiresAtMs).toBe((claims.exp + LEEWAY_S) * SECOND_MS);
      }),
      { numRuns: 500 },
    );
  });
});

describe('strict JSON', () => {
  test('is read as JSON.parse reads it, where no object names a member twice', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.integer({ min: 0, max: 4 }),
        (object, blanks) => {
          const text = JSON.stringify(object, null, blanks);
          expect(parseStrictJson(text)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is refused where any object anywhere names a member twice, however it is spelt', () => {
    const spelt = (name: string): string =>
      Array.from(name, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const name = fc.stringMatching(/^[a-z]{1,4}$/);
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        name,
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        (value, twice, depth, escaped) => {
          const second = escaped ? spelt(twice) : twice;
          const inner = `{"${twice}":${JSON.stringify(value)},"${second}":1}`;
          const text = Array.from({ length: depth }).reduce<string>(
            (within, _, level) => (level % 2 === 0 ? `[0,${within}]` : `{"x":${within}}`),
            inner,
          );
          expect(parseStrictJson(`{"outer":${text}}`)).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** jose as an oracle: it asks less, and never believes a forged token. */
describe('beside jose', () => {
  const set = createLocalJWKSet(
    JSON.parse(ISSUER.keys.from === 'fixed' ? ISSUER.keys.text : '') as JSONWebKeySet,
  );
  const options = {
    issuer: ISSUER.issuer,
    audience: [...ISSUER.audiences],
    algorithms: [...ISSUER.algorithms],
    clockTolerance: LEEWAY_S,
    currentDate: new Date(NOW_MS),
    requiredClaims: ['exp'],
  };
  const isBelieved = async (token: string): Promise<boolean> =>
    jwtVerify(token, set, options).then(
      () => true,
      () => false,
    );
  const ofIssuer = hostileTokens().filter(({ name }) => name.startsWith('issuer: '));
  const alike = new Set([
    'token_algorithm',
    'token_signature',
    'token_expired',
    'token_key',
    'token_issuer',
    'token_audience',
  ]);
  const refusedAlike = ofIssuer.filter(({ fault }) => alike.has(fault));

  test.each(refusedAlike)('jose refuses as well: $name', async ({ name, token }) => {
    // It leaves out what of `aud` is no text, and takes fractions of a second off.
    const lenient = /^issuer: aud \["https:\/\/api.example",(?:1|null)\]$/;
    expect(await isBelieved(token)).toBe(lenient.test(name));
  });

  test('what is believed here is believed by jose', async () => {
    expect(await isBelieved(mint(GOOD.issuer))).toBe(true);
    expect(refusedAlike.length).toBeGreaterThan(100);
  });
});
