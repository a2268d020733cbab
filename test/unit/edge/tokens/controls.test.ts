import { describe, expect, test } from 'vitest';
import { TOKEN_CHARS_MAX } from '../../../../src/domain/token.ts';
import { TIER_OF_ACCOUNT } from '../../../../src/domain/principal.ts';
import { vary } from './hostile.ts';
import {
  ed25519,
  hmacSigner,
  p256,
  p256Other,
  p384,
  p521,
  rsa,
  rsaOther,
  signerOf,
  toJwk,
  toSet,
} from './keys.ts';
import { mint, seal, toPart } from './mint.ts';
import {
  ALL,
  API_KEY,
  apiWith,
  createTokenWorld,
  GOOD,
  ISSUER,
  KEY_ID,
  KINDS,
  NOW_S,
  OTHER_API_KEY,
  SESSION_KID_ES,
} from './world.ts';
import type { Kind } from './world.ts';

/** Tokens beside the hostile ones that must be believed: no refusal is blanket. */
const CONTROLS: readonly (readonly [string, string, Kind])[] = [
  ...KINDS.flatMap((kind) => controlsOf(kind).map(([name, token]) => [name, token, kind] as const)),
  ['PS256', vary('issuer', { header: { alg: 'PS256' }, sign: signerOf(rsa, 'PS256') }), 'issuer'],
  ['ES256', es('ES256', 'p256', p256), 'issuer'],
  ['ES384', es('ES384', 'p384', p384), 'issuer'],
  ['ES512', es('ES512', 'p521', p521), 'issuer'],
  ['EdDSA', es('EdDSA', 'ed', ed25519), 'issuer'],
  ['no kid, where one key fits', vary('issuer', { header: { kid: undefined } }), 'issuer'],
  ['no typ', vary('issuer', { header: { typ: undefined } }), 'issuer'],
  ['typ in other letters', vary('issuer', { header: { typ: 'jwt' } }), 'issuer'],
  ['typ with its tree', vary('issuer', { header: { typ: 'application/JWT' } }), 'issuer'],
  [
    'aud in a list',
    vary('issuer', { payload: { aud: ['https://other.example', 'https://api.example'] } }),
    'issuer',
  ],
  ['no role', vary('issuer', { payload: { role: undefined } }), 'issuer'],
  ['permissions in a list', vary('issuer', { payload: { scope: ['things.read'] } }), 'issuer'],
  ['an account with signs of its own', vary('issuer', { payload: { org: 'google-oauth2|123' } }), 'issuer'],
  ['no tier', vary('key_signed', { payload: { tier: undefined } }), 'key_signed'],
  ['no typ, signed with a key', vary('key_signed', { header: { typ: undefined } }), 'key_signed'],
  ['an iss of its own', vary('key_signed', { payload: { iss: 'customer' } }), 'key_signed'],
  ['an aud of its own', vary('key_signed', { payload: { aud: 'customer' } }), 'key_signed'],
  [
    'a session under ES256',
    vary('session', { header: { alg: 'ES256', kid: SESSION_KID_ES }, sign: signerOf(p256Other, 'ES256') }),
    'session',
  ],
  ['a session’s typ with its tree', vary('session', { header: { typ: 'application/at+jwt' } }), 'session'],
  [
    'a session’s aud in a list',
    vary('session', { payload: { aud: ['https://one.example/api'] } }),
    'session',
  ],
];

function controlsOf(kind: Kind): readonly (readonly [string, string])[] {
  const { header, payload, sign } = GOOD[kind];
  const body = JSON.stringify(payload);
  const lifetime = kind === 'key_signed' ? 86_400 : kind === 'session' ? 600 : 3_600;
  const nest = `${'['.repeat(63)}${']'.repeat(63)}`;
  const used = Object.keys(payload).length;
  const members = Array.from({ length: 511 - used }, (_, index) => `"m${index}":0`).join(',');
  const withText = (text: string): string => seal(toPart(header), toPart(text), sign);
  const padding = TOKEN_CHARS_MAX - mint(GOOD[kind]).length;
  return [
    ['as they are', mint(GOOD[kind])],
    ['a last millisecond within the leeway', vary(kind, { payload: { exp: NOW_S - 4.999 } })],
    ['the longest lifetime', vary(kind, { payload: { exp: NOW_S - 60 + lifetime } })],
    ['issued within the leeway', vary(kind, { payload: { iat: NOW_S + 5, nbf: undefined } })],
    ['valid from within the leeway', vary(kind, { payload: { nbf: NOW_S + 5 } })],
    ['no nbf', vary(kind, { payload: { nbf: undefined } })],
    ['fractions of seconds', vary(kind, { payload: { iat: NOW_S - 60.5, exp: NOW_S + 60.25 } })],
    ['unknown claims', vary(kind, { payload: { constructor: 1, x: { y: [null, true, 1e300, -0] } } })],
    ['unknown header members', vary(kind, { header: { x5t: 'abc', cat: 'cl_B7d4PD111AAA', note: 1 } })],
    ['a sub beyond ASCII', vary(kind, { payload: { sub: 'Zoë-漢字-👩‍🚀' } })],
    ['a sub of 255 bytes', vary(kind, { payload: { sub: 'x'.repeat(255) } })],
    ['blanks in the JSON', withText(JSON.stringify(payload, null, 2).replaceAll('\n', '\r\n'))],
    ['escapes in the JSON', withText(body.replace('"sub"', String.raw`"\u0073ub"`))],
    ['escapes of a pair of surrogates', withText(body.replace(/\}$/, String.raw`,"x":"\ud83d\ude00"}`))],
    ['a member of the same name elsewhere', withText(body.replace(/\}$/, ',"x":{"sub":1},"y":{"sub":2}}'))],
    [
      'a text that looks like members',
      withText(body.replace(/\}$/, String.raw`,"x":"\"exp\":1,\"exp\":2"}`)),
    ],
    ['a member named by a prototype', withText(body.replace(/\}$/, ',"__proto__":{"sub":"admin"}}'))],
    ['nested 64 deep', withText(body.replace(/\}$/, `,"x":${nest}}`))],
    ['as many members as may be', withText(body.replace(/\}$/, `,"x":{${members}}}`))],
    ['nearly as long as may be', vary(kind, { payload: { x: 'x'.repeat(Math.floor(padding * 0.75) - 20) } })],
  ];
}

function es(alg: 'ES256' | 'ES384' | 'ES512' | 'EdDSA', kid: string, pair: typeof p256): string {
  return vary('issuer', { header: { alg, kid }, sign: signerOf(pair, alg) });
}

describe('believed', () => {
  const world = createTokenWorld();

  test.each(CONTROLS)('is: %s', async (_, token, kind) => {
    const verified = await world.verify(token);
    expect(typeof verified === 'string' ? verified : verified.kind).toBe(kind);
  });

  test('a tier that the token does not name is the account’s', async () => {
    const verified = await world.verify(vary('key_signed', { payload: { tier: undefined } }));
    expect(verified).toMatchObject({ tier: TIER_OF_ACCOUNT });
    expect(await world.verify(vary('key_signed', { payload: { tier: 'pro' } }))).toMatchObject({ tier: 1 });
  });

  test('without a kid, whichever key of the account has signed', async () => {
    const sub = { header: { kid: undefined }, payload: { sub: 'acme' } };
    expect(await world.verify(vary('key_signed', sub))).toMatchObject({ keyId: KEY_ID });
    const other = await world.verify(vary('key_signed', { ...sub, sign: hmacSigner(OTHER_API_KEY) }));
    expect(other).toMatchObject({ kind: 'key_signed', keyId: `key_${'0c'.repeat(12)}` });
    expect(await world.verify(vary('key_signed', { ...sub, sign: hmacSigner('x'.repeat(40)) }))).toBe(
      'token_signature',
    );
  });

  test('with a kid, that key alone, although the account has another that has signed', async () => {
    const token = vary('key_signed', { payload: { sub: 'acme' }, sign: hmacSigner(OTHER_API_KEY) });
    expect(await world.verify(token)).toBe('token_signature');
  });

  test('at most sixteen keys of an account are tried', async () => {
    const signers = Array.from({ length: 17 }, (_, index) => ({
      keyId: KEY_ID,
      secret: Buffer.from(`${API_KEY}${index}`),
    }));
    world.keys.signers.set('many', signers);
    const signedBy = (index: number): string =>
      vary('key_signed', {
        header: { kid: undefined },
        payload: { sub: 'many' },
        sign: hmacSigner(`${API_KEY}${index}`),
      });
    expect(await world.verify(signedBy(15))).toMatchObject({ kind: 'key_signed' });
    expect(await world.verify(signedBy(16))).toBe('token_signature');
  });
});

describe('an API', () => {
  test('that knows no tokens believes none', async () => {
    const world = createTokenWorld({ tokens: { issuers: [] } });
    for (const kind of KINDS) expect(await world.verify(mint(GOOD[kind]))).toBe('token_issuer');
  });

  test('that is not of the policy believes none', async () => {
    const world = createTokenWorld();
    const stranger = apiWith(ALL, 'two', 1);
    for (const kind of KINDS) expect(await world.verify(mint(GOOD[kind]), stranger)).toBe('token_issuer');
  });

  test('believes no issuer of another API, though it was believed there a moment ago', async () => {
    const one = apiWith(ALL);
    const two = apiWith({ issuers: [{ ...ISSUER, issuer: 'https://two.example' }] }, 'two', 1);
    const world = createTokenWorld({ apis: [one, two] });
    const token = mint(GOOD.issuer);
    expect(await world.verify(token, one)).toMatchObject({ kind: 'issuer' });
    expect(await world.verify(token, two)).toBe('token_issuer');
  });

  test('with two issuers takes each one’s keys for its own tokens, whatever kid they share', async () => {
    const other = {
      ...ISSUER,
      name: 'other',
      issuer: 'https://other.example',
      keys: fixed(toJwk(rsaOther, { kid: 'rsa' })),
    };
    const world = createTokenWorld({ tokens: { issuers: [ISSUER, other] } });
    const crossed = { payload: { iss: other.issuer } };
    expect(await world.verify(vary('issuer', crossed))).toBe('token_signature');
    expect(
      await world.verify(vary('issuer', { ...crossed, sign: signerOf(rsaOther, 'RS256') })),
    ).toMatchObject({ rules: other });
  });

  test('takes no key without a name for a token that names one, and none of two that fit', async () => {
    const nameless = createTokenWorld({ tokens: { issuers: [{ ...ISSUER, keys: fixed(toJwk(rsa)) }] } });
    expect(await nameless.verify(mint(GOOD.issuer))).toBe('token_key');
    expect(await nameless.verify(vary('issuer', { header: { kid: undefined } }))).toMatchObject({
      kind: 'issuer',
    });
    const two = createTokenWorld({
      tokens: {
        issuers: [{ ...ISSUER, keys: fixed(toJwk(rsa, { kid: 'a' }), toJwk(rsaOther, { kid: 'b' })) }],
      },
    });
    expect(await two.verify(vary('issuer', { header: { kid: undefined } }))).toBe('token_key');
  });

  test('asks no aud and no azp where its rules name none', async () => {
    const world = createTokenWorld({
      tokens: { issuers: [{ ...ISSUER, audiences: [], authorizedParties: [] }] },
    });
    expect(await world.verify(vary('issuer', { payload: { aud: undefined, azp: undefined } }))).toMatchObject(
      { kind: 'issuer' },
    );
    expect(await world.verify(vary('issuer', { payload: { aud: 1 } }))).toBe('token_audience');
    expect(await world.verify(vary('issuer', { payload: { azp: ['x'] } }))).toBe('token_party');
  });
});

function fixed(...jwks: readonly unknown[]) {
  return { from: 'fixed', text: toSet(...jwks) } as const;
}
