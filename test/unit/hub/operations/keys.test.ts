import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { FEED_START, readFeed } from '../../../../src/domain/feed.ts';
import { OVERLAP_MAX_MS } from '../../../../src/domain/operations.ts';
import type { ImportedKey, KeyChange, NewKey } from '../../../../src/domain/operations.ts';
import { DAY_MS } from '../../../../src/domain/time.ts';
import { sealingContext } from '../../../../src/domain/feed-records.ts';
import { digestHex, hexFromWords } from '../../../../src/lib/key-digest.ts';
import { checksumHolds } from '../../../../src/lib/key-format.ts';
import { UnsealFailed } from '../../../../src/lib/seal.ts';
import { createWorld, expectRefused, PEPPER, START_MS } from './world.ts';
import type { World } from './world.ts';

const NEW: NewKey = { api: 'track', account: 'acme', name: 'Production App' };

const FOREIGN = 'legacy-key-0123456789';

function given(key: string, change: Partial<ImportedKey> = {}): ImportedKey {
  return { ...NEW, key, ...change };
}

async function createWorldWithAccounts(change?: Parameters<typeof createWorld>[0]): Promise<World> {
  const world = createWorld(change);
  for (const api of ['plain', 'track', 'clear']) await world.operations.createAccount({ api, id: 'acme' });
  return world;
}

describe('a new key', () => {
  it('is shown once, right behind its id, and recognised later by its prefix and last four characters', async () => {
    const { operations } = await createWorldWithAccounts();
    const created = await operations.createKey({
      ...NEW,
      tier: 'pro',
      role: 'admin',
      allowIps: ['203.0.113.0/24'],
      limits: ['10/minute', '5/90s'],
      expiresAt: '2026-12-01T00:00:00Z',
    });
    const { key, ...shown } = created;
    expect(Object.keys(created).slice(0, 2)).toEqual(['id', 'key']);
    expect(checksumHolds('ty_', key)).toBe(true);
    expect(shown).toEqual({
      id: expect.stringMatching(/^key_[0-9a-f]{24}$/) as string,
      api: 'track',
      account: 'acme',
      name: 'Production App',
      hint: `ty_…${key.slice(-4)}`,
      status: 'active',
      tier: 'pro',
      permissions: [],
      role: 'admin',
      allow_ips: ['203.0.113.0/24'],
      limits: ['10/minute', '5/90s'],
      created_at: '2026-11-22T12:00:00Z',
      expires_at: '2026-12-01T00:00:00Z',
      revoked_at: null,
      last_used_at: null,
    });
    expect(await operations.showKey({ api: 'track', id: created.id })).toEqual(shown);
    expect(await operations.listKeys({ api: 'track' })).toEqual({ items: [shown], next: null });
  });

  it('reaches the feed under the id that is shown and the HMAC of the key', async () => {
    const { operations, store } = await createWorldWithAccounts();
    const { id, key } = await operations.createKey(NEW);
    const fed: string[] = [];
    const batch = store.keeper.read(FEED_START);
    if (batch === undefined) throw new Error('nothing was read');
    readFeed(batch, {
      account: () => {},
      accountGone: () => {},
      keyGone: () => {},
      session: () => {},
      sessionGone: () => {},
      signingKey: () => {},
      signingKeyGone: () => {},
      key: (record) => fed.push(`key_${hexFromWords(record.id)}`, hexFromWords(record.digest)),
    });
    expect(fed).toEqual([id, digestHex(PEPPER, key)]);
  });

  it('leaves no part of itself in the files of the database, sealed or not', async () => {
    const { operations, bytes, store } = await createWorldWithAccounts();
    const created = [];
    for (let index = 0; index < 40; index += 1) {
      created.push(await operations.createKey(NEW));
      created.push(await operations.createKey({ ...NEW, api: 'clear', permissions: ['read'] }));
    }
    store.checkpoint('restart');
    const stored = bytes().toString('latin1');
    expect(stored).toContain(created[0]?.hint.slice(-4));
    for (const { key } of created) {
      for (const part of [key.slice(3), key.slice(3, 15), key.slice(15, 27), key.slice(27)]) {
        expect(stored).not.toContain(part);
      }
    }
  });

  it('is kept sealed where its API signs with keys, opens as itself alone, and is sealed nowhere else', async () => {
    const { operations, path, deps } = await createWorldWithAccounts();
    const { id, key } = await operations.createKey({ ...NEW, api: 'clear', permissions: ['read'] });
    await operations.createKey(NEW);
    const database = new DatabaseSync(path);
    const rows = database.prepare('SELECT sealed, sealing_key_id FROM keys ORDER BY row').all();
    database.close();
    const text = { keyId: String(rows[0]?.sealing_key_id), sealed: rows[0]?.sealed as Uint8Array };
    expect(deps.sealer?.unseal(text, sealingContext('clear', id))).toBe(key);
    expect(() => deps.sealer?.unseal(text, sealingContext('track', id))).toThrow(UnsealFailed);
    expect(rows[1]?.sealed).toBeNull();
  });

  it('is refused where its API seals keys and no sealing key is configured', async () => {
    const { operations } = await createWorldWithAccounts({ sealer: undefined });
    const input = { ...NEW, api: 'clear', permissions: ['read'] };
    await expectRefused(operations.createKey(input), 'unavailable', /sealing key/);
  });

  it.each<[Partial<NewKey>, RegExp]>([
    [{ tier: 'gold' }, /known are free, pro/],
    [{ role: 'root' }, /known are admin/],
    [{ permissions: ['read'] }, /track has no permissions/],
    [{ allowIps: [] }, /allows no address/],
    [{ allowIps: ['203.0.113.0/33'] }, /prefix length/],
    [{ allowIps: ['203.0.113.1/24'] }, /first address/],
    [{ allowIps: ['example.com'] }, /neither an address/],
    [{ allowIps: Array.from({ length: 201 }, (_, n) => `10.0.${n >> 8}.${n & 255}`) }, /at most 200/],
    [{ limits: ['10/fortnight'] }, /10\/minute/],
    [{ limits: ['10/minute', '20/60s'] }, /two limits over one minute/],
    [{ limits: Array.from({ length: 9 }, (_, n) => `1/${n + 1}s`) }, /at most 8/],
    [{ expiresAt: '2026-11-22T12:00:00Z' }, /not passed/],
    [{ expiresAt: 'tomorrow' }, /time in UTC/],
    [{ name: '' }, /1 to 100/],
    [{ name: ' ' }, /1 to 100/],
    [{ name: 'a\r\nb' }, /1 to 100/],
    [{ name: '\u001b[31m' }, /1 to 100/],
    [{ name: '\ud800' }, /1 to 100/],
    [{ name: '\u{1f600}'.repeat(101) }, /1 to 100/],
  ])('is refused %j', async (rights, words) => {
    const { operations } = await createWorldWithAccounts();
    await expectRefused(operations.createKey({ ...NEW, ...rights }), 'invalid', words);
    expect((await operations.listKeys({ api: 'track' })).items).toEqual([]);
  });

  it.each(['\u{1f600}'.repeat(100), '<script>alert(1)</script>', "'; DROP TABLE keys; --", '\u202eabc'])(
    'may be named %j and is shown so',
    async (name) => {
      const { operations } = await createWorldWithAccounts();
      const { id } = await operations.createKey({ ...NEW, name });
      expect((await operations.showKey({ api: 'track', id })).name).toBe(name);
    },
  );

  it('needs a permission where its API has some', async () => {
    const { operations } = await createWorldWithAccounts();
    const input = { ...NEW, api: 'clear' };
    await expectRefused(
      operations.createKey(input),
      'invalid',
      /at least one permission: known are read, write/,
    );
    await expectRefused(operations.createKey({ ...input, permissions: ['root'] }), 'invalid', /read, write/);
    expect(await operations.createKey({ ...input, permissions: ['write', 'read', 'write'] })).toMatchObject({
      permissions: ['read', 'write'],
    });
    await expectRefused(operations.createKey({ ...NEW, api: 'plain', role: 'x' }), 'invalid', /no roles/);
  });

  it('needs an account of its own API', async () => {
    const { operations } = await createWorldWithAccounts();
    await expectRefused(operations.createKey({ ...NEW, account: 'no' }), 'not_found', /no account "no"/);
    await operations.createAccount({ api: 'plain', id: 'other' });
    await expectRefused(
      operations.createKey({ ...NEW, account: 'other' }),
      'not_found',
      /track has no account/,
    );
  });
});

describe('a key', () => {
  it('expires in the instant that was named', async () => {
    const { operations, moveTo } = await createWorldWithAccounts();
    const { id } = await operations.createKey({ ...NEW, expiresAt: '2026-12-01T00:00:00Z' });
    const statusAt = async (wallMs: number): Promise<string> => {
      moveTo(wallMs);
      return (await operations.showKey({ api: 'track', id })).status;
    };
    expect(await statusAt(Date.UTC(2026, 11, 1) - 1)).toBe('active');
    expect(await statusAt(Date.UTC(2026, 11, 1))).toBe('expired');
    await operations.revokeKey({ api: 'track', id });
    expect(await statusAt(Date.UTC(2026, 11, 2))).toBe('revoked');
  });

  it('changes what is named, and null takes a right away', async () => {
    const { operations } = await createWorldWithAccounts();
    const { id } = await operations.createKey({
      ...NEW,
      tier: 'pro',
      role: 'admin',
      allowIps: ['::1'],
      limits: ['1/day'],
      expiresAt: '2026-12-01T00:00:00Z',
    });
    const ref = { api: 'track', id };
    expect(await operations.setKey(ref, { name: 'new' })).toMatchObject({
      name: 'new',
      tier: 'pro',
      role: 'admin',
    });
    const none: KeyChange = { tier: null, role: null, allowIps: null, limits: [], expiresAt: null };
    expect(await operations.setKey(ref, none)).toMatchObject({
      name: 'new',
      tier: null,
      role: null,
      allow_ips: null,
      limits: [],
      expires_at: null,
    });
    await expectRefused(operations.setKey(ref, {}), 'invalid', /nothing to change/);
    await expectRefused(operations.setKey(ref, { tier: 'gold' }), 'invalid', /free, pro/);
  });

  it('keeps at least one permission where its API has some', async () => {
    const { operations } = await createWorldWithAccounts();
    const { id } = await operations.createKey({ ...NEW, api: 'clear', permissions: ['read'] });
    await expectRefused(
      operations.setKey({ api: 'clear', id }, { permissions: [] }),
      'invalid',
      /at least one/,
    );
  });

  it('is not found by another API, and the message repeats nothing that could be a key', async () => {
    const { operations } = await createWorldWithAccounts();
    const { id, key } = await operations.createKey(NEW);
    for (const ref of [
      { api: 'plain', id },
      { api: 'track', id: key },
    ]) {
      await expectRefused(
        operations.showKey(ref),
        'not_found',
        new RegExp(`^${ref.api} has no key of this id`),
      );
      await expectRefused(operations.setKey(ref, { name: 'x' }), 'not_found', /^(?!.*ty_)/);
      await expectRefused(operations.rotateKey(ref, 0), 'not_found', /^(?!.*ty_)/);
      await expectRefused(operations.revokeKey(ref), 'not_found', /^(?!.*ty_)/);
    }
  });

  it('that is revoked stays so, whatever is asked', async () => {
    const { operations, moveTo } = await createWorldWithAccounts();
    const { id } = await operations.createKey(NEW);
    const ref = { api: 'track', id };
    expect(await operations.revokeKey(ref)).toMatchObject({ status: 'revoked', unconfirmed: [] });
    moveTo(START_MS + DAY_MS);
    expect((await operations.revokeKey(ref)).revoked_at).toBe('2026-11-22T12:00:00Z');
    await expectRefused(operations.setKey(ref, { expiresAt: null }), 'conflict', /stays so/);
    await expectRefused(operations.rotateKey(ref, 0), 'conflict', /is revoked/);
    expect((await operations.showKey(ref)).status).toBe('revoked');
  });

  it('is reported with the edges that have not confirmed its revocation', async () => {
    const confirmed: number[] = [];
    const { operations, store } = await createWorldWithAccounts({
      async confirm(seq) {
        confirmed.push(seq);
        return ['edge-2'];
      },
    });
    const { id } = await operations.createKey(NEW);
    expect((await operations.revokeKey({ api: 'track', id })).unconfirmed).toEqual(['edge-2']);
    expect(confirmed).toEqual([store.keeper.read({ phase: 'changes', row: 0, seq: 0 })?.cursor.seq]);
  });
});

describe('a rotation', () => {
  it('gives a new key with the old one’s rights; the old one works on for the overlap', async () => {
    const { operations, moveTo } = await createWorldWithAccounts();
    const rights = { tier: 'pro', role: 'admin', allowIps: ['::1'], limits: ['1/day'] };
    const old = await operations.createKey({ ...NEW, ...rights });
    const fresh = await operations.rotateKey({ api: 'track', id: old.id }, DAY_MS);
    const { id, key, hint, ...same } = fresh;
    expect(old).toMatchObject(same);
    expect(checksumHolds('ty_', key)).toBe(true);
    expect([id, key, hint]).not.toEqual([old.id, old.key, old.hint]);
    expect((await operations.showKey({ api: 'track', id: old.id })).expires_at).toBe('2026-11-23T12:00:00Z');
    moveTo(START_MS + DAY_MS);
    expect((await operations.showKey({ api: 'track', id: old.id })).status).toBe('expired');
    expect((await operations.showKey({ api: 'track', id })).status).toBe('active');
    await expectRefused(operations.rotateKey({ api: 'track', id: old.id }, 0), 'conflict', /is expired/);
  });

  it('overlaps for no time up to 30 days, and for nothing else', async () => {
    const { operations } = await createWorldWithAccounts();
    const ref = { api: 'track', id: (await operations.createKey(NEW)).id };
    for (const overlapMs of [-1, 0.5, OVERLAP_MAX_MS + 1, Number.NaN]) {
      await expectRefused(operations.rotateKey(ref, overlapMs), 'invalid', /overlap/);
    }
    await operations.rotateKey(ref, OVERLAP_MAX_MS);
    await operations.rotateKey(ref, 0);
    expect((await operations.showKey(ref)).status).toBe('expired');
  });
});

describe('a list of keys', () => {
  it('comes in pages that hold every key once', async () => {
    const { operations } = await createWorldWithAccounts();
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await operations.createKey({ ...NEW, name });
    const seen: string[] = [];
    let after: string | null | undefined;
    while (after !== null) {
      const page = await operations.listKeys({
        api: 'track',
        limit: 2,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.items.map(({ name }) => name));
      after = page.next;
    }
    expect(seen).toEqual(names);
  });

  it('is refused for an unknown account, a page of a wrong size and a cursor that none gave', async () => {
    const { operations } = await createWorldWithAccounts();
    await expectRefused(operations.listKeys({ api: 'track', account: 'no' }), 'not_found', /no account/);
    for (const limit of [0, 501, 1.5]) {
      await expectRefused(operations.listKeys({ api: 'track', limit }), 'invalid', /limit/);
    }
    await expectRefused(operations.listKeys({ api: 'track', after: '1 OR 1=1' }), 'invalid', /after/);
  });

  it('shows declared keys, which only their file changes', async () => {
    const declared = {
      accounts: [
        { api: 'track', id: 'file', tier: 'pro', billing: 'active', trialEndsMs: null, createdMs: 0 },
      ],
      keys: [
        {
          api: 'track',
          account: 'file',
          name: 'from a file',
          hint: '…',
          expiresMs: null,
          createdMs: 0,
          digest: Int32Array.from({ length: 8 }, (_, word) => word),
          retiredDigests: [],
          sealed: null,
          profile: { tier: '', permissions: [], role: '', limits: [] },
        },
      ],
    } as const;
    const { operations } = await createWorldWithAccounts({ declared });
    const [key] = (await operations.listKeys({ api: 'track' })).items;
    expect(key).toMatchObject({ name: 'from a file', account: 'file', status: 'active' });
    const ref = { api: 'track', id: key?.id ?? '' };
    expect(await operations.showKey(ref)).toEqual(key);
    await expectRefused(operations.setKey(ref, { name: 'x' }), 'read_only', /configuration file/);
    await expectRefused(operations.rotateKey(ref, 0), 'read_only', /configuration file/);
    await expectRefused(operations.revokeKey(ref), 'read_only', /configuration file/);
  });
});

describe('an import', () => {
  it('takes over keys with their rights and shows no more than the last four characters of each', async () => {
    const { operations } = await createWorldWithAccounts();
    const views = await operations.importKeys([
      given(FOREIGN, { tier: 'pro' }),
      given('ty_legacy-0123456789'),
    ]);
    expect(views.map(({ hint, tier }) => [hint, tier])).toEqual([
      ['…6789', 'pro'],
      ['ty_…6789', null],
    ]);
    expect(JSON.stringify(views)).not.toContain('0123456789');
  });

  it.each<[string, string, RegExp]>([
    ['a dot', 'legacy.key-0123456789', /visible ASCII/],
    ['a comma', 'legacy,key-0123456789', /visible ASCII/],
    ['a blank', 'legacy key-0123456789', /visible ASCII/],
    ['a line feed', 'legacy-key-0123456789\n', /visible ASCII/],
    ['a character outside ASCII', 'légacy-key-0123456789', /visible ASCII/],
    ['fewer than 16 characters', 'legacy-key-0123', /16 to 256/],
    ['more than 256 characters', 'x'.repeat(257), /16 to 256/],
    ['the prefix of another API', 'cl_legacy-0123456789', /keys of clear/],
    ['a wrong checksum in the issued shape', `ty_${'a'.repeat(36)}`, /checksum/],
  ])('refuses a key with %s, naming its place and never itself', async (_, key, words) => {
    const { operations } = await createWorldWithAccounts();
    const batch = operations.importKeys([given(FOREIGN), given(key)]);
    await expectRefused(
      batch,
      'invalid',
      new RegExp(`^key 2 of the batch: (?!.*0123)(?!.*aaaa).*${words.source}`),
    );
    expect((await operations.listKeys({ api: 'track' })).items).toEqual([]);
  });

  it('takes a key of the issued shape with the right checksum', async () => {
    const other = await createWorldWithAccounts();
    const { key } = await other.operations.createKey(NEW);
    const { operations } = await createWorldWithAccounts();
    expect(await operations.importKeys([given(key)])).toHaveLength(1);
  });

  it('is refused where the API only issues keys', async () => {
    const { operations } = await createWorldWithAccounts();
    await expectRefused(
      operations.importKeys([given(FOREIGN, { api: 'plain' })]),
      'invalid',
      /keys\.imports/,
    );
  });

  it('knows a key again within a batch, in the store, revoked, and under a retired pepper', async () => {
    const world = await createWorldWithAccounts();
    const { operations } = world;
    const again = /^key 2 of the batch: .*knows this key already/;
    await expectRefused(operations.importKeys([given(FOREIGN), given(FOREIGN)]), 'conflict', again);
    const [view] = await operations.importKeys([given(FOREIGN)]);
    await operations.revokeKey({ api: 'track', id: view?.id ?? '' });
    const second = [given('another-key-0123456789'), given(FOREIGN)];
    await expectRefused(operations.importKeys(second), 'conflict', again);
    const later = world.withPeppers({ id: 'p2', secret: Buffer.alloc(32, 9) }, [PEPPER]);
    await expectRefused(later.importKeys(second), 'conflict', again);
    expect((await operations.listKeys({ api: 'track' })).items).toHaveLength(1);
  });

  it('names the key whose account is unknown, and takes 1 to 50 keys at once', async () => {
    const { operations } = await createWorldWithAccounts();
    const unknown = given('another-key-0123456789', { account: 'no' });
    await expectRefused(
      operations.importKeys([given(FOREIGN), unknown]),
      'not_found',
      /^key 2 .*no account "no"/,
    );
    await expectRefused(operations.importKeys([]), 'invalid', /1 to 50/);
    const many = Array.from({ length: 51 }, (_, index) => given(`${FOREIGN}-${index}`));
    await expectRefused(operations.importKeys(many), 'invalid', /1 to 50/);
    expect(await operations.importKeys(many.slice(1))).toHaveLength(50);
  });
});
