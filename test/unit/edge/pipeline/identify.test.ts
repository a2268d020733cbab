import { describe, expect, test } from 'vitest';
import type { Api } from '../../../../src/domain/policy.ts';
import { ACCOUNT_ROW_NONE, TIER_OF_ACCOUNT, TIER_UNKNOWN } from '../../../../src/domain/principal.ts';
import type { Principal } from '../../../../src/domain/principal.ts';
import type { IssuerRules, VerifiedToken } from '../../../../src/domain/token.ts';
import { identify } from '../../../../src/edge/pipeline/identify.ts';
import type { TokenSubjects } from '../../../../src/ports.ts';
import { principalOf } from './principal.ts';

const NOW = { wallMs: 1_000, monotonicMs: 0 };
const KEY = principalOf({ permissions: new Set(['read']), role: 'admin' }, { tier: 2 });
const NOBODY: TokenSubjects = {
  findKey: () => undefined,
  findAccount: () => undefined,
  findSession: () => undefined,
};

const API = { defaultTier: 1 } as Api;

const session = { kind: 'session', sessionId: 'ses_1', expiresAtMs: 2_000 } as const;
const keySigned = {
  kind: 'key_signed',
  keyId: KEY.keyId,
  tier: TIER_OF_ACCOUNT,
  expiresAtMs: 2_000,
} as const;
const issued = {
  kind: 'issuer',
  rules: { unknownAccount: 'refuse' } as IssuerRules,
  account: 'org_1',
  accountSubject: { word0: 7, word1: 8, word2: 9 },
  subject: { word0: 1, word1: 1, word2: 1 },
  permissions: new Set(['write']),
  role: 'owner',
  expiresAtMs: 2_000,
} as const;

function ask(token: VerifiedToken, subjects: Partial<TokenSubjects>) {
  return identify({ api: API, token, now: NOW }, { ...NOBODY, ...subjects });
}

const sessionOf = (principal: Principal, expiresAtMs = 5_000) => ({
  findSession: () => ({
    expiresAtMs,
    principal: { ...principal, credential: 'session' as const, sessionId: 'ses_1' },
  }),
});
const refused = (fault: string) => ({ code: 'credential_invalid', fault });

describe('whom a token speaks for', () => {
  test('is nobody from the instant at which it ends, though it was believed', () => {
    for (const token of [session, keySigned, issued]) {
      const over = { ...token, expiresAtMs: NOW.wallMs };
      const known = { ...sessionOf(KEY), findKey: () => KEY, findAccount: () => KEY.account };
      expect(ask(over, known)).toEqual(refused('token_expired'));
      expect(ask(token, known)).not.toHaveProperty('code');
    }
  });

  test('of a session is its key, with all that the key may', () => {
    expect(ask(session, sessionOf(KEY))).toEqual({ ...KEY, credential: 'session', sessionId: 'ses_1' });
  });

  test('of a session is nobody where the session has ended, run out, or its key has', () => {
    expect(ask(session, {})).toEqual(refused('session_ended'));
    expect(ask(session, sessionOf(KEY, NOW.wallMs))).toEqual(refused('session_ended'));
    expect(ask(session, sessionOf({ ...KEY, expiresAtMs: NOW.wallMs }))).toEqual(refused('expired'));
    expect(ask(session, sessionOf({ ...KEY, expiresAtMs: NOW.wallMs + 1 }, NOW.wallMs + 1))).toMatchObject({
      credential: 'session',
    });
  });

  test('of a token that a key has signed is that key, nobody where the key is gone or has expired', () => {
    expect(ask(keySigned, { findKey: () => KEY })).toEqual({ ...KEY, credential: 'jwt' });
    expect(ask(keySigned, {})).toEqual(refused('unknown'));
    expect(ask(keySigned, { findKey: () => ({ ...KEY, expiresAtMs: NOW.wallMs }) })).toEqual(
      refused('expired'),
    );
  });

  test.each([
    { own: TIER_OF_ACCOUNT, asked: TIER_OF_ACCOUNT, is: TIER_OF_ACCOUNT },
    { own: TIER_OF_ACCOUNT, asked: 1, is: 1 },
    { own: 2, asked: 1, is: 1 },
    { own: 0, asked: 1, is: 0 },
    { own: 1, asked: TIER_OF_ACCOUNT, is: 1 },
    { own: TIER_UNKNOWN, asked: 1, is: TIER_UNKNOWN },
  ])('has of the tiers $own and $asked the lower: $is', ({ own, asked, is }) => {
    const key = principalOf({ tier: own });
    expect(ask({ ...keySigned, tier: asked }, { findKey: () => key })).toMatchObject({
      profile: { tier: is },
    });
  });

  test('of an issuer’s token is the account, with the token’s own rights and no key', () => {
    expect(ask(issued, { findAccount: () => KEY.account })).toEqual({
      credential: 'jwt',
      keyRow: 0,
      keyId: '',
      expiresAtMs: 2_000,
      subject: issued.subject,
      profile: {
        tier: TIER_OF_ACCOUNT,
        permissions: issued.permissions,
        role: 'owner',
        allowlist: undefined,
        limits: [],
      },
      account: KEY.account,
    });
  });

  test('of an issuer’s token for an unknown account is nobody, unless such accounts are allowed', () => {
    expect(ask(issued, {})).toEqual(refused('account_unknown'));
    const open = { ...issued, rules: { ...issued.rules, unknownAccount: 'allow' as const } };
    expect(ask(open, {})).toMatchObject({
      account: {
        row: ACCOUNT_ROW_NONE,
        id: 'org_1',
        tier: 1,
        standing: 'ok',
        billing: 'active',
        subject: issued.accountSubject,
      },
    });
    expect(ask(open, { findAccount: () => KEY.account })).toMatchObject({ account: KEY.account });
    for (const account of ['', 'two words', 'a\nb', 'é', 'x'.repeat(65)]) {
      expect(ask({ ...open, account }, {})).toEqual(refused('account_unknown'));
    }
  });
});
