import { describe, expect, test } from 'vitest';
import { toProfileText } from '../../../../src/domain/feed-records.ts';
import { TIER_OF_ACCOUNT, TIER_UNKNOWN } from '../../../../src/domain/principal.ts';
import type { SessionRules } from '../../../../src/domain/token.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import type { KeyHasher } from '../../../../src/lib/key-digest.ts';
import { accountRecord, batchOf, createApi, keyRecord } from './world.ts';

const hasher: KeyHasher = { pepperIds: ['none'], digest: (_key, _pepper, out) => out.fill(0) };
const DIGEST = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const KEY_ID = Int32Array.of(4, 5, 6);
const SESSION_ID = Int32Array.of(7, 8, 9);
const SESSION = 'ses_070000000800000009000000';
const TIERS = ['free', 'pro', 'enterprise'];

describe('a session', () => {
  test('is its key with all that the key may, and says so', () => {
    const { directory, api } = directoryWith({ keyTier: 'pro' });
    expect(directory.findSession(api, SESSION)).toMatchObject({
      expiresAtMs: 9e12,
      principal: {
        credential: 'session',
        sessionId: SESSION,
        keyId: 'key_040000000500000006000000',
        expiresAtMs: 8e12,
        subject: { word0: 4, word1: 5, word2: 6 },
        profile: { tier: 1, permissions: new Set(['a:read']), role: 'admin' },
        account: { id: 'org_1' },
      },
    });
  });

  test.each([
    { keyTier: '', sessionTier: TIER_OF_ACCOUNT, is: TIER_OF_ACCOUNT },
    { keyTier: '', sessionTier: 1, is: 1 },
    { keyTier: 'enterprise', sessionTier: 1, is: 1 },
    { keyTier: 'free', sessionTier: 1, is: 0 },
    { keyTier: 'pro', sessionTier: TIER_OF_ACCOUNT, is: 1 },
    { keyTier: 'gone', sessionTier: 1, is: TIER_UNKNOWN },
  ])('of a key of tier "$keyTier" has of it and $sessionTier the lower: $is', ({ is, ...tiers }) => {
    const { directory, api } = directoryWith(tiers);
    for (const _asked of ['found', 'kept', 'remembered']) {
      expect(directory.findSession(api, SESSION)?.principal.profile.tier).toBe(is);
    }
  });

  test('that is asked for again and again is one object, until it, its key or its account changes', () => {
    const { directory, api } = directoryWith({ keyTier: 'pro' });
    const settle = () => {
      directory.findSession(api, SESSION);
      const kept = directory.findSession(api, SESSION);
      expect(kept?.principal.kept).toBe(true);
      expect(directory.findSession(api, SESSION)).toBe(kept);
    };
    settle();
    directory.apply(batchOf((sink) => sink.session({ ...RECORD, expiresAtMs: 7e12 })));
    expect(directory.findSession(api, SESSION)?.expiresAtMs).toBe(7e12);
    settle();
    directory.apply(batchOf((sink) => sink.account(accountRecord({ standing: 'suspended' }))));
    expect(directory.findSession(api, SESSION)?.principal.account.standing).toBe('suspended');
    settle();
    directory.apply(batchOf((sink) => sink.sessionGone(0, Int32Array.of(7, 8, 10))));
    expect(directory.findSession(api, SESSION)).toBeDefined();
    directory.apply(batchOf((sink) => sink.sessionGone(0, SESSION_ID)));
    expect(directory.findSession(api, SESSION)).toBeUndefined();
    directory.apply(batchOf((sink) => sink.session(RECORD)));
    settle();
    directory.apply(batchOf((sink) => sink.keyGone(0, DIGEST)));
    expect(directory.findSession(api, SESSION)).toBeUndefined();
  });
});

const RECORD = { api: 0, id: SESSION_ID, keyId: KEY_ID, expiresAtMs: 9e12 };

function directoryWith({
  keyTier,
  sessionTier = TIER_OF_ACCOUNT,
}: {
  keyTier: string;
  sessionTier?: number;
}) {
  const api = createApi({
    index: 0,
    tiers: TIERS,
    tokens: { sessions: { tier: sessionTier } as SessionRules },
  });
  const directory = createDirectory({ apis: [api], hasher });
  const profile = toProfileText({ tier: keyTier, permissions: ['a:read'], role: 'admin', limits: [] });
  directory.apply(
    batchOf((sink) => {
      sink.account(accountRecord({}));
      sink.key(keyRecord({ digest: DIGEST, id: KEY_ID, profile, expiresAtMs: 8e12 }));
      sink.session(RECORD);
    }),
  );
  return { api, directory };
}
