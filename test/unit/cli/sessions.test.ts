import { describe, expect, it } from 'vitest';
import type { SessionQuery } from '../../../src/domain/operations.ts';
import { KEY, SESSION, SIGNING_KEY } from '../hub/control/fake-operations.ts';
import { run } from './run.ts';

const cells = (out: string) => out.split('\n').map((line) => line.split(/ {2,}/));

describe('sessions list', () => {
  const args = ['sessions', 'list', '--api', 'trackyard'];

  it('shows whose they are and until when, page by page', async () => {
    const asked: SessionQuery[] = [];
    const listSessions = async (query: SessionQuery) => {
      asked.push(query);
      return { items: [SESSION], next: query.after === undefined ? '7' : null };
    };
    const ran = await run([...args, '--account', 'acme', '--key', KEY.id], { instead: { listSessions } });
    const row = [
      SESSION.id,
      'acme',
      KEY.id,
      '2026-11-22T08:00:00Z',
      '2026-11-22T08:05:00Z',
      '2026-11-29T08:05:00Z',
      '2026-12-22T08:00:00Z',
      'active',
    ];
    const titles = ['ID', 'ACCOUNT', 'KEY', 'CREATED', 'REFRESHED', 'IDLE UNTIL', 'EXPIRES', 'STATUS'];
    expect(cells(ran.out)).toEqual([titles, row, row, ['']]);
    const query = { api: 'trackyard', account: 'acme', key: KEY.id, limit: 500 };
    expect(asked).toEqual([query, { ...query, after: '7' }]);
  });

  it('is one JSON list with --json', async () => {
    expect(JSON.parse((await run([...args, '--json'])).out)).toEqual([SESSION]);
  });

  it('without an API is wrong usage', async () => {
    expect(await run(['sessions', 'list'])).toMatchObject({ code: 2, calls: [] });
  });
});

describe('sessions show', () => {
  it('says why a session ended', async () => {
    const ended = {
      ...SESSION,
      status: 'ended',
      ended_at: '2026-11-22T09:00:00Z',
      ended_why: 'reused',
    } as const;
    const ran = await run(['sessions', 'show', '--api', 'trackyard', '--id', SESSION.id], {
      instead: { showSession: async () => ended },
    });
    expect(ran.out).toMatch(/^status +ended$/m);
    expect(ran.out).toMatch(/^because of +reused$/m);
  });
});

describe('sessions revoke', () => {
  const args = ['sessions', 'revoke', '--api', 'trackyard'];

  it.each([
    ['--id', SESSION.id, { session: SESSION.id }],
    ['--key', KEY.id, { key: KEY.id }],
    ['--account', 'acme', { account: 'acme' }],
  ])('with %s ends those', async (flag, value, selected) => {
    const ran = await run([...args, flag, value]);
    expect(ran).toMatchObject({ code: 0, out: '1 session ended.\n' });
    expect(ran.calls).toEqual([{ name: 'revokeSessions', args: [{ api: 'trackyard', ...selected }] }]);
  });

  it('says that no server was waited for where none answers', async () => {
    const ran = await run([...args, '--account', 'acme'], { via: 'store' });
    expect(ran).toMatchObject({ code: 0, out: '1 session ended.\n' });
    expect(ran.err).toContain('No server answers');
  });

  it('with --wait fails where edges may still know them, and says so without it', async () => {
    const instead = { revokeSessions: async () => ({ ended: 2, unconfirmed: ['edge'] }) };
    const waited = await run([...args, '--account', 'acme', '--wait'], { instead });
    expect(waited).toMatchObject({ code: 1, out: '2 sessions ended.\n' });
    expect(waited.err).toContain('not yet confirmed by edge');
    const told = await run([...args, '--account', 'acme'], { instead });
    expect(told.code).toBe(0);
    expect(told.err).toContain('not yet confirmed by edge');
  });
});

describe('signing-keys', () => {
  it('list shows which signs', async () => {
    const ran = await run(['signing-keys', 'list', '--api', 'trackyard']);
    expect(cells(ran.out)).toEqual([
      ['KID', 'ALGORITHM', 'STATE', 'PUBLISHED', 'SIGNS FROM', 'PUBLISHED UNTIL'],
      [SIGNING_KEY.kid, 'EdDSA', 'active', '2026-11-22T08:00:00Z', '2026-11-22T08:00:00Z', '-'],
      [''],
    ]);
    expect(ran.calls).toEqual([{ name: 'listSigningKeys', args: ['trackyard'] }]);
  });

  it('rotate says from when the next signs, and with --at-once asks for now', async () => {
    const now = await run(['signing-keys', 'rotate', '--api', 'trackyard', '--at-once']);
    expect(now.calls).toEqual([{ name: 'rotateSigningKey', args: [{ api: 'trackyard', start: 'at_once' }] }]);
    const ran = await run(['signing-keys', 'rotate', '--api', 'trackyard']);
    expect(ran.calls).toEqual([
      { name: 'rotateSigningKey', args: [{ api: 'trackyard', start: 'published' }] },
    ]);
    expect(ran.out).toBe(`${SIGNING_KEY.kid} is published and signs from 2026-11-22T08:00:00Z on.\n`);
    expect(JSON.parse((await run(['signing-keys', 'rotate', '--api', 'trackyard', '--json'])).out)).toEqual(
      SIGNING_KEY,
    );
  });
});
