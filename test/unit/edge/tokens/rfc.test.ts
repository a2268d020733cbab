import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DAY_MS, SECOND_MS } from '../../../../src/domain/time.ts';
import type { IssuerAlgorithm } from '../../../../src/domain/token.ts';
import { ALGORITHMS, isHmacSha256, isSignedBy } from '../../../../src/edge/tokens/algorithms.ts';
import { decodeBase64Url, parseCompact } from '../../../../src/edge/tokens/compact.ts';
import { createTestClock } from '../../../world.ts';
import { hmacSigner, rsa, signerOf, toJwk, toSet } from './keys.ts';
import { mint } from './mint.ts';
import { createTokenWorld, ISSUER, KEY_ID } from './world.ts';

/** RFC 7515 A.1.1: {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}, over three lines. */
const JOE = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const JOE_EXPIRES_MS = 1_300_819_380 * SECOND_MS;

const A1_TOKEN = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
const A1_SECRET = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';

const A2_TOKEN = `eyJhbGciOiJSUzI1NiJ9.${JOE}.${[
  'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7',
  'AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4',
  'BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K',
  '0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv',
  'hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB',
  'p0igcN_IoypGlUPQGe77Rw',
].join('')}`;
const A2_KEY = {
  kty: 'RSA',
  n: [
    'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs',
    'D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV',
    'MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  ].join(''),
  e: 'AQAB',
};

const A3_TOKEN = `eyJhbGciOiJFUzI1NiJ9.${JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`;
const A3_KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

const RFC8037_TOKEN =
  'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
const RFC8037_KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** The signature part of a token alone, through the code that verifies every token's. */
function isRight(token: string, jwk: object, name: IssuerAlgorithm): boolean {
  const end = token.lastIndexOf('.');
  const signature = decodeBase64Url(token.slice(end + 1));
  if (signature === undefined) throw new RangeError('no signature');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return isSignedBy({ text: token.slice(0, end), signature, key, algorithm: ALGORITHMS[name] });
}

/** Joe as an issuer, at a time when his tokens had not expired. */
function joesWorld(jwk: object, atMs = JOE_EXPIRES_MS - 1) {
  const joe = { ...ISSUER, issuer: 'joe', keys: { from: 'fixed', text: toSet(jwk) } } as const;
  return createTokenWorld({ tokens: { issuers: [joe] }, clock: createTestClock(atMs) });
}

describe('RFC 7515', () => {
  test('A.1: the HMAC is right; without iat and sub the token is refused for its claims', async () => {
    const parsed = parseCompact(A1_TOKEN);
    const secret = decodeBase64Url(A1_SECRET) ?? Buffer.alloc(0);
    expect(parsed && isHmacSha256(parsed.signedText, parsed.signature, secret)).toBe(true);
    expect(parsed?.payload).toEqual({ iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true });
    const world = createTokenWorld({ clock: createTestClock(JOE_EXPIRES_MS - 1) });
    world.keys.signers.set(KEY_ID, [{ keyId: KEY_ID, secret }]);
    expect(await world.verify(A1_TOKEN)).toBe('token_claims');
  });

  test.each([
    ['A.2: RS256', A2_TOKEN, A2_KEY, 'RS256'],
    ['A.3: ES256', A3_TOKEN, A3_KEY, 'ES256'],
  ] as const)(
    '%s: the signature is right; without iat the token is refused for its claims',
    async (_, token, jwk, name) => {
      expect(isRight(token, jwk, name)).toBe(true);
      expect(await joesWorld(jwk).verify(token)).toBe('token_claims');
    },
  );

  test('A.2 and A.3: neither signature is the other payload’s', () => {
    const [head = '', , signature = ''] = A3_TOKEN.split('.');
    expect(isRight(`${head}.${JOE.slice(0, -2)}0.${signature}`, A3_KEY, 'ES256')).toBe(false);
    expect(isRight(A2_TOKEN.replace('eyJhbGciOiJSUzI1NiJ9', 'eyJhbGciOiJSUzUxMiJ9'), A2_KEY, 'RS256')).toBe(
      false,
    );
  });
});

describe('RFC 7519', () => {
  test('3.1: the token is that of RFC 7515 A.1, and the whole of it is believed once it has what is required', async () => {
    const world = createTokenWorld({ clock: createTestClock(JOE_EXPIRES_MS - 1) });
    const payload = {
      iss: 'joe',
      exp: 1_300_819_380,
      iat: 1_300_819_000,
      sub: 'joe',
      'http://example.com/is_root': true,
    };
    const secret = decodeBase64Url(A1_SECRET) ?? Buffer.alloc(0);
    world.keys.signers.set('joe', [{ keyId: KEY_ID, secret }]);
    const token = mint({
      header: '{"typ":"JWT",\r\n "alg":"HS256"}',
      payload,
      sign: hmacSigner(secret),
    });
    expect(token.startsWith('eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.')).toBe(true);
    expect(await world.verify(token)).toMatchObject({ kind: 'key_signed', keyId: KEY_ID });
  });

  test('6.1: a token without a signature is none', async () => {
    expect(await joesWorld(A3_KEY).verify(`eyJhbGciOiJub25lIn0.${JOE}.`)).toBe('token_malformed');
    expect(await joesWorld(A3_KEY).verify(`eyJhbGciOiJub25lIn0.${JOE}.AA`)).toBe('token_algorithm');
  });
});

describe('RFC 8037', () => {
  test('A.4: the signature is right; its payload is a text and no claims, so no token', async () => {
    expect(isRight(RFC8037_TOKEN, RFC8037_KEY, 'EdDSA')).toBe(true);
    expect(isRight(RFC8037_TOKEN, { ...RFC8037_KEY, x: toX(RFC8037_KEY.x) }, 'EdDSA')).toBe(false);
    expect(await joesWorld(RFC8037_KEY).verify(RFC8037_TOKEN)).toBe('token_malformed');
  });
});

/** Another key: the first letter changed. */
function toX(x: string): string {
  return `2${x.slice(1)}`;
}

describe('RFC 9068', () => {
  /** Figures 2 and 3, header and claims of the example; the RFC gives no key, so a test's signs. */
  const header = { typ: 'at+JWT', alg: 'RS256', kid: 'RjEwOwOA' };
  const payload = {
    iss: 'https://authorization-server.example.com/',
    sub: '5ba552d67',
    aud: 'https://rs.example.com/',
    exp: 1_639_528_912,
    iat: 1_618_354_090,
    jti: 'dbe39bf3a3ba4238a513f51d6e1691c4',
    client_id: 's6BhdRkqt3',
    scope: 'openid profile reademail',
  };
  const rules = {
    ...ISSUER,
    issuer: payload.iss,
    types: ['at+jwt'],
    audiences: [payload.aud],
    authorizedParties: [],
    lifetimeMaxMs: 365 * DAY_MS,
    keys: { from: 'fixed', text: toSet(toJwk(rsa, { kid: header.kid })) },
    claims: { ...ISSUER.claims, account: 'client_id', permissionOf: { reademail: 'read' } },
  } as const;
  const token = mint({ header, payload, sign: signerOf(rsa, 'RS256') });

  test('the example of section 3 is believed in its time, where a year is no too long life', async () => {
    const clock = createTestClock(payload.iat * SECOND_MS);
    const world = createTokenWorld({ tokens: { issuers: [rules] }, clock });
    expect(await world.verify(token)).toMatchObject({
      account: 's6BhdRkqt3',
      permissions: new Set(['read']),
    });
    const strict = createTokenWorld({ tokens: { issuers: [{ ...rules, lifetimeMaxMs: DAY_MS }] }, clock });
    expect(await strict.verify(token)).toBe('token_lifetime');
    clock.jump(365 * DAY_MS);
    expect(await world.verify(token)).toBe('token_expired');
  });
});
