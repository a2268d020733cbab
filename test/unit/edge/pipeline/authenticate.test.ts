import { describe, expect, test } from 'vitest';
import type { Api } from '../../../../src/domain/policy.ts';
import { TIER_OF_ACCOUNT } from '../../../../src/domain/principal.ts';
import type { VerifiedToken } from '../../../../src/domain/token.ts';
import { authenticate } from '../../../../src/edge/pipeline/authenticate.ts';
import type { AuthenticatePorts } from '../../../../src/edge/pipeline/authenticate.ts';
import type { Credential } from '../../../../src/edge/pipeline/credential.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import type { TokenVerifier } from '../../../../src/ports.ts';
import { principalOf } from './principal.ts';

const api = { tokens: { issuers: [] } } as unknown as Api;
const NOW = { wallMs: 1_000, monotonicMs: 0 };
const KEY = principalOf();
const BELIEVED: VerifiedToken = {
  kind: 'key_signed',
  keyId: KEY.keyId,
  tier: TIER_OF_ACCOUNT,
  expiresAtMs: 2_000,
};

type Verify = TokenVerifier['verify'];

function ask(kind: Credential['kind'], verify: Verify, change: Partial<AuthenticatePorts> = {}) {
  const ports: AuthenticatePorts = {
    directory: { find: () => KEY },
    subjects: { findKey: () => KEY, findAccount: () => undefined, findSession: () => undefined },
    tokens: { verify },
    ...change,
  };
  return authenticate({ api, credential: { kind, value: 'shown' }, now: NOW, withinMs: 70 }, ports);
}

const never: Verify = () => {
  throw new Error('no token was shown');
};

describe('authenticate', () => {
  test('asks nobody but the directory about a key, and answers at once', () => {
    expect(ask('api_key', never)).toBe(KEY);
    expect(ask('api_key', never, { directory: { find: () => undefined } })).toEqual({
      code: 'credential_invalid',
      fault: 'unknown',
    });
  });

  test('never takes a token for a key', () => {
    const found: string[] = [];
    const directory = { find: (_: Api, key: string) => (found.push(key), KEY) };
    expect(ask('jwt', () => 'token_malformed', { directory })).toEqual({
      code: 'credential_invalid',
      fault: 'token_malformed',
    });
    expect(found).toEqual([]);
  });

  test('answers at once for a token that was believed at once, and later for one that was not', async () => {
    expect(ask('jwt', () => BELIEVED)).toEqual({ ...KEY, credential: 'jwt' });
    const later = ask('jwt', () => Promise.resolve(BELIEVED));
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual({ ...KEY, credential: 'jwt' });
  });

  test('asks whom the token speaks for after the wait, so that what ended meanwhile is dead', async () => {
    const { promise, resolve } = Promise.withResolvers<VerifiedToken>();
    let revoked = false;
    const subjects = {
      findKey: () => (revoked ? undefined : KEY),
      findAccount: () => undefined,
      findSession: () => undefined,
    };
    const answer = ask('jwt', () => promise, { subjects });
    revoked = true;
    resolve(BELIEVED);
    expect(await answer).toEqual({ code: 'credential_invalid', fault: 'unknown' });
  });

  test('makes an outage a value, thrown or rejected, and lets a bug pass', async () => {
    const down = new DependencyDown('tokens', 'no keys');
    const thrown = ask('jwt', () => {
      throw down;
    });
    expect(thrown).toBe(down);
    expect(await ask('jwt', () => Promise.reject(down))).toBe(down);
    expect(() => ask('jwt', never)).toThrow('no token was shown');
    await expect(ask('jwt', () => Promise.reject(new RangeError('a bug')))).rejects.toThrow(RangeError);
  });

  test('tells the verifier how long it may take', () => {
    const told: (number | undefined)[] = [];
    void ask('jwt', (_api, _token, _now, withinMs) => (told.push(withinMs), 'token_key'));
    expect(told).toEqual([70]);
  });
});
