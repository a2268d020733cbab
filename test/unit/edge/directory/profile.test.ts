import { describe, expect, test } from 'vitest';
import { PROFILE_TEXT_LENGTH_MAX, toProfileText } from '../../../../src/domain/feed-records.ts';
import type { StoredProfile } from '../../../../src/domain/feed-records.ts';
import { TIER_OF_ACCOUNT, TIER_UNKNOWN } from '../../../../src/domain/principal.ts';
import { compileProfile } from '../../../../src/edge/directory/profile.ts';
import { ProfilePool } from '../../../../src/edge/directory/profile-pool.ts';
import { createApi } from './world.ts';

const api = createApi({ index: 0, tiers: ['free', 'pro'] });
const plain: StoredProfile = { tier: '', permissions: [], role: '', limits: [] };
const text = (role: string): string => toProfileText({ ...plain, role });
const compile = (rights: Partial<StoredProfile>) =>
  compileProfile(api, toProfileText({ ...plain, ...rights }));

describe('compileProfile', () => {
  test('turns a tier into its rank, none into the account’s, an unknown one into none', () => {
    expect(compile({ tier: 'pro' }).tier).toBe(1);
    expect(compile({ tier: '' }).tier).toBe(TIER_OF_ACCOUNT);
    expect(compile({ tier: 'gold' }).tier).toBe(TIER_UNKNOWN);
  });

  test('keeps permissions and role as they are', () => {
    const profile = compile({ permissions: ['documents:read'], role: 'admin' });
    expect(profile).toMatchObject({ permissions: new Set(['documents:read']), role: 'admin' });
  });

  test('makes limits of scope key, named by their windows', () => {
    expect(compile({ limits: ['10/minute', '3/90s'] }).limits).toEqual([
      { scope: 'key', count: 10, windowMs: 60_000, name: 'key-minute' },
      { scope: 'key', count: 3, windowMs: 90_000, name: 'key-90s' },
    ]);
  });

  test('counts a window once, under the lowest limit given for it', () => {
    expect(compile({ limits: ['10/minute', '5/60s', '7/1m'] }).limits).toEqual([
      { scope: 'key', count: 5, windowMs: 60_000, name: 'key-minute' },
    ]);
  });

  test('without an allowlist knows no address set, with an empty one lets no address in', () => {
    expect(compile({}).allowlist).toBeUndefined();
    expect(compile({ allowlist: [] }).allowlist?.contains('192.0.2.1')).toBe(false);
  });

  test('lets in what the allowlist names; an unreadable entry lets nobody in', () => {
    const { allowlist } = compile({ allowlist: ['192.0.2.0/24', '10.0.0.1/8', 'everyone'] });
    expect(['192.0.2.9', '10.0.0.1', '198.51.100.1'].map((address) => allowlist?.contains(address))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('gives no rights at all where a limit cannot be read or the text is too long', () => {
    const unreadable = { tier: TIER_UNKNOWN, permissions: new Set(), limits: [] };
    const broken = compile({ permissions: ['documents:read'], limits: ['10/minute', '10/moon'] });
    const long = compile({ permissions: ['x'.repeat(PROFILE_TEXT_LENGTH_MAX)] });
    expect(broken).toMatchObject(unreadable);
    expect(long).toMatchObject(unreadable);
    expect([broken, long].map((profile) => profile.allowlist?.contains('192.0.2.1'))).toEqual([false, false]);
  });
});

describe('a text that is no profile', () => {
  test.each([
    '',
    '{',
    'null',
    '[]',
    '5',
    '{}',
    '{"tier":""}',
    '{"tier":"","permissions":[],"role":"","limits":null}',
    '{"tier":"","permissions":5,"role":"","limits":[]}',
    '{"tier":"","permissions":[],"role":"","allowlist":[5],"limits":[]}',
    '{"tier":"","permissions":[],"role":"","allowlist":null,"limits":[]}',
    '{"tier":"","permissions":[],"role":"","limits":[],"allow_list":["10.0.0.1"]}',
  ])('%s gives no rights and stops nobody else', (broken) => {
    const profile = compileProfile(api, broken);
    expect(profile).toMatchObject({ tier: TIER_UNKNOWN, permissions: new Set(), role: '', limits: [] });
    expect(profile.allowlist?.contains('10.0.0.1')).toBe(false);
  });
});

describe('ProfilePool', () => {
  test('holds one profile for equal texts of one API, and apart for two APIs', () => {
    const pool = new ProfilePool();
    const other = createApi({ index: 1, tiers: ['pro', 'free'] });
    const pro = toProfileText({ ...plain, tier: 'pro' });
    expect(pool.acquire(api, pro)).toBe(pool.acquire(api, pro));
    expect(pool.find(pool.acquire(api, pro))?.tier).toBe(1);
    expect(pool.find(pool.acquire(other, pro))?.tier).toBe(0);
  });

  test('forgets a profile with its last use and reuses its number', () => {
    const pool = new ProfilePool();
    const number = pool.acquire(api, text('a'));
    pool.acquire(api, text('a'));
    pool.release(number);
    expect(pool.find(number)?.role).toBe('a');
    pool.release(number);
    expect(pool.find(number)).toBeUndefined();
    expect(pool.acquire(api, text('b'))).toBe(number);
    expect(pool.find(pool.acquire(api, text('a')))?.role).toBe('a');
    expect(pool.find(number)?.role).toBe('b');
  });
});
