import { verifyToken } from '@clerk/backend';
import { signedInAuthObject } from '@clerk/backend/internal';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClaimRules, TokenFault, VerifiedToken } from '../../../../src/domain/token.ts';
import { findClerkHolder } from '../../../../src/edge/tokens/clerk.ts';
import { hmacSigner, rsa, rsaOther, signerOf, toPem } from './keys.ts';
import { mint, seal, toPart } from './mint.ts';
import { CLERK, createTokenWorld, ISSUER, NOW_MS, NOW_S } from './world.ts';

/** What this Clerk instance calls things, and what this API calls them. */
const CLAIMS: ClaimRules = {
  ...CLERK,
  permissionOf: {
    'org:things:read': 'read',
    'org:things:write': 'write',
    'org:sys_memberships:manage': 'admin',
  },
  roleOf: { 'org:admin': 'admin', 'org:member': 'member' },
};
const RULES = {
  ...ISSUER,
  issuer: 'https://clerk.example',
  algorithms: ['RS256'],
  types: ['jwt'],
  audiences: [],
  authorizedParties: ['https://app.example'],
  keys: { from: 'fixed', text: toPem(rsa) },
  claims: CLAIMS,
} as const;

const HEADER = { alg: 'RS256', cat: 'cl_B7d4PD111AAA', kid: 'ins_2abc', typ: 'JWT' };
const V1 = {
  azp: 'https://app.example',
  exp: NOW_S + 60,
  iat: NOW_S,
  iss: 'https://clerk.example',
  nbf: NOW_S - 10,
  org_id: 'org_2abc',
  org_permissions: ['org:things:read', 'org:sys_memberships:manage', 'org:unknown:thing'],
  org_role: 'org:admin',
  org_slug: 'acme',
  sid: 'sess_2abc',
  sub: 'user_2abc',
};
/** As in Clerk's documentation: features o:things and uo:reports, actions read, write and manage. */
const V2 = {
  azp: 'https://app.example',
  exp: NOW_S + 60,
  fea: 'u:profile,o:things,uo:reports',
  fva: [0, -1],
  iat: NOW_S,
  iss: 'https://clerk.example',
  jti: '0a1b2c',
  nbf: NOW_S - 10,
  o: { id: 'org_2abc', per: 'read,write,manage', fpm: '3,4', rol: 'admin', slg: 'acme' },
  pla: 'o:pro',
  sid: 'sess_2abc',
  sts: 'active',
  sub: 'user_2abc',
  v: 2,
};
const { org_id: _1, org_permissions: _2, org_role: _3, org_slug: _4, ...PERSONAL } = V1;

const sign = signerOf(rsa, 'RS256');
type Members = Readonly<Record<string, unknown>>;

function clerkToken(payload: Members, header: Members = HEADER): string {
  return mint({ header, payload, sign });
}

const world = createTokenWorld({ tokens: { issuers: [RULES] } });

/** What Clerk's own code says: the claims, or undefined where it refuses. */
async function askClerk(token: string) {
  const options = { jwtKey: toPem(rsa), authorizedParties: ['https://app.example'], clockSkewInMs: 5_000 };
  return verifyToken(token, options).catch(() => undefined);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a Clerk session token', () => {
  test('of version 1 speaks for its organisation, with role and permissions', async () => {
    expect(await world.verify(clerkToken(V1))).toMatchObject({
      account: 'org_2abc',
      permissions: new Set(['read', 'admin']),
      role: 'admin',
    });
  });

  test('of version 2 speaks for its organisation, with role and permissions unpacked', async () => {
    expect(await world.verify(clerkToken(V2))).toMatchObject({
      account: 'org_2abc',
      permissions: new Set(['read', 'write']),
      role: 'admin',
    });
    expect(findClerkHolder(V2)?.permissions).toEqual([
      'org:things:read',
      'org:things:write',
      'org:reports:manage',
    ]);
  });

  test.each([
    ['1', PERSONAL],
    ['2', { ...V2, o: undefined }],
  ])('of version %s without an organisation speaks for its user, without rights', async (_, payload) => {
    const token = { account: 'user_2abc', permissions: new Set(), role: '' };
    expect(await world.verify(clerkToken(payload))).toMatchObject(token);
  });

  test('of version 1 gets nothing from claims of version 2, and the other way round', async () => {
    const mixed1 = { ...PERSONAL, o: V2.o, fea: V2.fea };
    const mixed2 = {
      ...V2,
      o: undefined,
      org_id: 'org_evil',
      org_role: 'org:admin',
      org_permissions: ['org:things:read'],
    };
    for (const payload of [mixed1, mixed2, { ...mixed1, v: '2' }]) {
      expect(await world.verify(clerkToken(payload))).toMatchObject({ account: 'user_2abc', role: '' });
    }
  });
});

describe('beside @clerk/backend', () => {
  const equal: readonly (readonly [string, Members, boolean])[] = [
    ['version 1', V1, true],
    ['version 2', V2, true],
    ['personal', PERSONAL, true],
    ['with an actor', { ...V1, act: { sub: 'user_admin', iss: 'https://dashboard.clerk.com' } }, true],
    ['with claims of its own', { ...V1, metadata: { a: [1] }, email: 'a@b.example' }, true],
    ['without nbf', { ...V1, nbf: undefined }, true],
    ['with an aud that nobody asks', { ...V1, aud: 'x' }, true],
    ['expired within the leeway', { ...V1, iat: NOW_S - 60, exp: NOW_S - 4 }, true],
    ['expired by the leeway', { ...V1, iat: NOW_S - 60, exp: NOW_S - 5 }, false],
    ['expired', { ...V1, iat: NOW_S - 600, exp: NOW_S - 540 }, false],
    ['valid from within the leeway', { ...V1, nbf: NOW_S + 5 }, true],
    ['not yet valid', { ...V1, nbf: NOW_S + 6 }, false],
    ['issued within the leeway', { ...V1, iat: NOW_S + 5 }, true],
    ['issued later', { ...V1, iat: NOW_S + 6 }, false],
    ['of another party', { ...V1, azp: 'https://evil.example' }, false],
    ['of no party', { ...V1, azp: undefined }, false],
    ['without sub', { ...V1, sub: undefined }, false],
    ['without exp', { ...V1, exp: undefined }, false],
    ['with times that are texts', { ...V1, exp: `${NOW_S + 60}` }, false],
    ['with nbf a text', { ...V1, nbf: `${NOW_S}` }, false],
    ['with iat a text', { ...V1, iat: `${NOW_S}` }, false],
    ['with sub a number', { ...V1, sub: 7 }, false],
  ];

  test.each(equal)('a token %s is judged alike', async (_, payload, believed) => {
    await expectAlike(clerkToken(payload), believed);
  });

  test.each([
    ['of a stranger', mint({ header: HEADER, payload: V1, sign: signerOf(rsaOther, 'RS256') }), false],
    ['without a signature', `${toPart({ ...HEADER, alg: 'none' })}.${toPart(V1)}.`, false],
    [
      'of HS256 under the public key',
      mint({ header: { ...HEADER, alg: 'HS256' }, payload: V1, sign: hmacSigner(toPem(rsa)) }),
      false,
    ],
    ['of another type', clerkToken(V1, { ...HEADER, typ: 'at+jwt' }), false],
    ['between machines', clerkToken(V1, { ...HEADER, cat: 'cl_B7d4PD333AAA' }), false],
    ['of another category', clerkToken(V1, { ...HEADER, cat: 'cl_B7d4PD222AAA' }), true],
    ['of no category', clerkToken(V1, { alg: 'RS256', typ: 'JWT', kid: 'ins_other' }), true],
    ['without kid', clerkToken(V1, { alg: 'RS256', typ: 'JWT' }), true],
    ['of two parts', clerkToken(V1).split('.').slice(0, 2).join('.'), false],
    [
      'of another algorithm of the key',
      mint({ header: { ...HEADER, alg: 'RS512' }, payload: V1, sign: signerOf(rsa, 'RS512') }),
      false,
    ],
    ['of nothing', '', false],
  ])('a token %s is judged alike', async (_, token, believed) => {
    await expectAlike(token, believed);
  });

  async function expectAlike(token: string, believed: boolean): Promise<void> {
    const theirs = (await askClerk(token)) !== undefined;
    const ours = typeof (await world.verify(token)) !== 'string';
    expect({ theirs, ours }).toEqual({ theirs: believed, ours: believed });
  }

  /** Everything that Clerk's code takes and this one does not, each by its name. */
  const text = JSON.stringify(V1);
  const stricter: readonly (readonly [string, string, TokenFault])[] = [
    ['the issuer must be the one', clerkToken({ ...V1, iss: 'https://other.example' }), 'token_issuer'],
    ['there must be an issuer', clerkToken({ ...V1, iss: undefined }), 'token_issuer'],
    ['iat is required', clerkToken({ ...V1, iat: undefined }), 'token_claims'],
    ['the lifetime is bounded', clerkToken({ ...V1, exp: NOW_S + 3_601 }), 'token_lifetime'],
    ['exp lies after iat', clerkToken({ ...V1, iat: NOW_S + 4, exp: NOW_S + 3 }), 'token_lifetime'],
    ['typ must be there', clerkToken(V1, { ...HEADER, typ: undefined }), 'token_type'],
    ['sub must not be empty', clerkToken({ ...V1, sub: '' }), 'token_claims'],
    ['sub must be clean', clerkToken({ ...V1, sub: 'user\n' }), 'token_claims'],
    ['a pending session is signed out', clerkToken({ ...V2, sts: 'pending' }), 'token_claims'],
    ['extensions are refused', clerkToken(V1, { ...HEADER, crit: ['x'] }), 'token_header'],
    [
      'pointers to keys are refused',
      clerkToken(V1, { ...HEADER, jku: 'https://evil.example' }),
      'token_header',
    ],
    [
      'a member stands once',
      mint({ header: HEADER, payload: text.replace('{', '{"sub":"user_evil",'), sign }),
      'token_malformed',
    ],
    [
      'padding is refused',
      seal(toPart(HEADER), `${toPart(text.padEnd(Math.ceil(text.length / 3) * 3 + 1))}==`, sign),
      'token_malformed',
    ],
    [
      'bytes that are no UTF-8 are refused',
      seal(toPart(HEADER), toPart(Buffer.from(text.replace('acme', 'ac\u00e9'), 'latin1')), sign),
      'token_malformed',
    ],
    ['an organisation’s id is a text', clerkToken({ ...V1, org_id: 7 }), 'token_claims'],
    ['permissions are texts', clerkToken({ ...V1, org_permissions: [7] }), 'token_claims'],
    ['the packed organisation is an object', clerkToken({ ...V2, o: ['org_2abc'] }), 'token_claims'],
    ['it has an id', clerkToken({ ...V2, o: { ...V2.o, id: undefined } }), 'token_claims'],
    ['its numbers are decimal', clerkToken({ ...V2, o: { ...V2.o, fpm: '3,x' } }), 'token_claims'],
    ['its features have a scope', clerkToken({ ...V2, fea: 'things' }), 'token_claims'],
    ['aud is a text or a list of texts', clerkToken({ ...V1, aud: { a: 1 } }), 'token_audience'],
  ];

  test.each(stricter)('only here: %s', async (_, token, fault) => {
    expect(await askClerk(token)).toBeDefined();
    expect(await world.verify(token)).toBe(fault);
  });

  test('only here: an aud that is asked must be there', async () => {
    const asking = createTokenWorld({
      tokens: { issuers: [{ ...RULES, audiences: ['https://api.example'] }] },
    });
    const options = { jwtKey: toPem(rsa), audience: 'https://api.example' };
    expect(await verifyToken(clerkToken(V1), options)).toMatchObject({ sub: 'user_2abc' });
    expect(await asking.verify(clerkToken(V1))).toBe('token_audience');
  });

  test('organisation, role and permissions of version 2 are read alike', () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const v2 = fc.record({
      actions: fc.uniqueArray(name, { maxLength: 5 }),
      features: fc.uniqueArray(fc.tuple(fc.constantFrom('o', 'u', 'uo', 'ou'), name), {
        maxLength: 6,
        selector: ([, text]) => text,
      }),
      bits: fc.array(fc.bigInt({ min: 0n, max: 70n }), { maxLength: 6 }),
      role: fc.option(name, { nil: undefined }),
    });
    fc.assert(
      fc.property(v2, ({ actions, features, bits, role }) => {
        const o = { id: 'org_1', rol: role, per: actions.join(','), fpm: bits.join(',') };
        const payload = { ...V2, o, fea: features.map((feature) => feature.join(':')).join(',') };
        const ours = findClerkHolder(payload);
        const theirs = signedInAuthObject(
          {},
          '',
          payload as unknown as Parameters<typeof signedInAuthObject>[2],
        );
        expect(ours?.account).toBe(theirs.orgId);
        expect(ours?.role).toBe(theirs.orgRole ?? '');
        expect(ours?.permissions).toEqual(theirs.orgPermissions ?? []);
      }),
      { numRuns: 500 },
    );
  });

  test('no claim of a token can name an account that a header could not carry', async () => {
    for (const org of ['org 1', 'org\r\nx: y', 'é', 'x'.repeat(65), '']) {
      expect(await world.verify(clerkToken({ ...V1, org_id: org }))).toBe('token_claims');
    }
  });
});

describe('a Clerk token that expired, is too early, or of another party', () => {
  test('breaks a rule of its own, for the log alone', async () => {
    const verify = async (change: Members): Promise<VerifiedToken | TokenFault> =>
      world.verify(clerkToken({ ...V1, ...change }));
    expect(await verify({ iat: NOW_S - 600, exp: NOW_S - 540 })).toBe('token_expired');
    expect(await verify({ nbf: NOW_S + 60 })).toBe('token_not_yet_valid');
    expect(await verify({ azp: 'https://evil.example' })).toBe('token_party');
  });
});
