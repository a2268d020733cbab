import { describe, expect, it } from 'vitest';
import type { SessionSelection } from '../../../../src/domain/operations.ts';
import { START_MS, createWorld, expectRefused } from './world.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
const SESSION = 'ses_0123456789abcdef01234567';

/** A world with the account `acme` of `track`, a key of it, and a session of that key. */
async function createSessionWorld(world = createWorld()): Promise<World & { readonly key: string }> {
  await world.operations.createAccount({ api: 'track', id: 'acme' });
  const { id: key } = await world.operations.createKey({ api: 'track', account: 'acme', name: 'a key' });
  await insertSession(world, key, SESSION);
  return { ...world, key };
}

async function insertSession({ store }: World, key: string, id: string): Promise<void> {
  const inserted = await store.writes.insertSession({
    api: 'track',
    id,
    key,
    atMs: START_MS,
    expiresMs: START_MS + 24 * HOUR_MS,
    diesMs: START_MS + HOUR_MS,
    refresh: null,
  });
  expect(inserted.result).toBe('inserted');
}

describe('a session', () => {
  it('is shown with its key, account and times', async () => {
    const { operations, key } = await createSessionWorld();
    const shown = await operations.showSession({ api: 'track', id: SESSION });
    expect(shown).toEqual({
      id: SESSION,
      api: 'track',
      account: 'acme',
      key,
      status: 'active',
      created_at: '2026-11-22T12:00:00Z',
      refreshed_at: '2026-11-22T12:00:00Z',
      idle_until: '2026-11-22T13:00:00Z',
      expires_at: '2026-11-23T12:00:00Z',
      ended_at: null,
      ended_why: null,
    });
    expect(await operations.listSessions({ api: 'track' })).toEqual({ items: [shown], next: null });
    expect(await operations.listSessions({ api: 'track', account: 'acme', key })).toMatchObject({
      items: [{ id: SESSION }],
    });
  });

  it('is expired in the instant in which it runs out', async () => {
    const world = await createSessionWorld();
    const status = async () => (await world.operations.showSession({ api: 'track', id: SESSION })).status;
    world.moveTo(START_MS + HOUR_MS - 1);
    expect(await status()).toBe('active');
    world.moveTo(START_MS + HOUR_MS);
    expect(await status()).toBe('expired');
  });

  it('of another API, or of none, is not found, and what was asked for is not repeated', async () => {
    const { operations } = await createSessionWorld();
    const secret = 'ty_rt_secretsecretsecret';
    await expectRefused(
      operations.showSession({ api: 'plain', id: SESSION }),
      'not_found',
      /^plain has no session/,
    );
    await expectRefused(
      operations.showSession({ api: 'track', id: secret }),
      'not_found',
      /^((?!secret).)*$/,
    );
    await expectRefused(
      operations.revokeSessions({ api: 'track', session: secret }),
      'not_found',
      /^((?!secret).)*$/,
    );
    await expectRefused(operations.listSessions({ api: 'nowhere' }), 'not_found', /unknown API/);
    await expectRefused(operations.listSessions({ api: 'track', account: 'x' }), 'not_found', /no account/);
    await expectRefused(operations.listSessions({ api: 'track', after: 'x' }), 'invalid', /next/);
  });

  it.each(['session', 'key', 'account'] as const)(
    'is revoked by its %s, for good, with its author',
    async (by) => {
      const world = await createSessionWorld();
      const { operations, key } = world;
      const of = { session: SESSION, key, account: 'acme' }[by];
      const selection: SessionSelection = { api: 'track', [by]: of };
      expect(await operations.revokeSessions(selection)).toEqual({ ended: 1, unconfirmed: [] });
      expect(await operations.revokeSessions(selection)).toEqual({ ended: 0, unconfirmed: [] });
      expect(await operations.showSession({ api: 'track', id: SESSION })).toMatchObject({
        status: 'ended',
        ended_at: '2026-11-22T12:00:00Z',
        ended_why: 'revoked',
      });
      expect(await operations.showKey({ api: 'track', id: key })).toMatchObject({ status: 'active' });
      const [entry] = (await operations.listAudit({ limit: 1 })).items;
      expect(entry).toMatchObject({ action: 'session.revoke', object: of, actor: 'cli:tester' });
    },
  );

  it('is revoked by one choice, neither none nor two', async () => {
    const { operations, key } = await createSessionWorld();
    const wrong: readonly SessionSelection[] = [
      { api: 'track' },
      { api: 'track', session: SESSION, key },
      { api: 'track', session: SESSION, key, account: 'acme' },
    ];
    for (const selection of wrong) {
      await expectRefused(operations.revokeSessions(selection), 'invalid', /exactly one/);
    }
    const nobody = 'key_ffffffffffffffffffffffff';
    await expectRefused(operations.revokeSessions({ api: 'track', key: nobody }), 'not_found', /no key/);
    await expectRefused(operations.revokeSessions({ api: 'track', account: 'x' }), 'not_found', /no account/);
    expect(await operations.showSession({ api: 'track', id: SESSION })).toMatchObject({ status: 'active' });
  });

  it('that edges may still know is told', async () => {
    const seqs: number[] = [];
    const confirm = async (seq: number) => {
      seqs.push(seq);
      return ['edge'];
    };
    const { operations, store } = await createSessionWorld(createWorld({ confirm }));
    const revoked = await operations.revokeSessions({ api: 'track', session: SESSION });
    expect(revoked).toEqual({ ended: 1, unconfirmed: ['edge'] });
    expect(seqs).toEqual([store.keeper.read({ phase: 'changes', row: 0, seq: 0 })?.cursor.seq]);
  });
});

describe('signing keys', () => {
  it('are none before the first use; a look makes none', async () => {
    const { operations } = createWorld();
    expect(await operations.listSigningKeys('track')).toEqual([]);
    expect(await operations.listSigningKeys('track')).toEqual([]);
  });

  it('rotate: the next waits, then signs, and the one before retires', async () => {
    const world = createWorld();
    const { operations } = world;
    const next = await operations.rotateSigningKey({ api: 'track' });
    expect(next).toMatchObject({
      state: 'next',
      algorithm: 'EdDSA',
      published_at: '2026-11-22T12:00:00Z',
      signs_from: '2026-11-22T12:10:00Z',
      published_until: null,
    });
    await expectRefused(
      operations.rotateSigningKey({ api: 'track' }),
      'conflict',
      /signs from 2026-11-22T12:10:00Z/,
    );
    const states = async () => (await operations.listSigningKeys('track')).map(({ state }) => state);
    expect(await states()).toEqual(['active', 'next']);
    world.moveTo(START_MS + 600_000);
    expect(await states()).toEqual(['retired', 'active']);
    expect((await operations.listSigningKeys('track'))[0]?.published_until).toBe('2026-11-22T13:11:00Z');
    world.moveTo(START_MS + 600_000 + 61 * 60_000);
    expect(await states()).toEqual(['active']);
    await operations.rotateSigningKey({ api: 'track' });
    const { items } = await operations.listAudit({ object: next.kid });
    expect(items).toMatchObject([{ action: 'signing_key.create', actor: 'cli:tester' }]);
  });

  it('are replaced at once: every other goes, and the audit log tells which', async () => {
    const { operations } = createWorld();
    const next = await operations.rotateSigningKey({ api: 'track' });
    const [first] = await operations.listSigningKeys('track');
    const { kid } = await operations.rotateSigningKey({ api: 'track', start: 'at_once' });
    expect(await operations.listSigningKeys('track')).toMatchObject([{ kid, state: 'active' }]);
    const [entry] = (await operations.listAudit({ object: kid })).items;
    expect(entry?.changed).toMatchObject({ gone: { from: null, to: [first?.kid, next.kid] } });
  });

  it('show no private key', async () => {
    const { operations } = createWorld();
    const shown = Object.keys(await operations.rotateSigningKey({ api: 'track' }));
    const members = ['kid', 'api', 'algorithm', 'state', 'published_at', 'signs_from', 'published_until'];
    expect(shown.toSorted()).toEqual(members.toSorted());
  });

  it('are refused to an API without sessions', async () => {
    const { operations } = createWorld();
    await expectRefused(operations.rotateSigningKey({ api: 'plain' }), 'invalid', /no sessions/);
    expect(await operations.listSigningKeys('plain')).toEqual([]);
  });
});
