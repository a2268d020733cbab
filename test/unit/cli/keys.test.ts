import { describe, expect, it } from 'vitest';
import type { KeyQuery, KeyView, Revocation } from '../../../src/domain/operations.ts';
import { CREATED, KEY } from '../hub/control/fake-operations.ts';
import { run } from './run.ts';

const ID = ['--api', 'trackyard', '--id', KEY.id];
const REF = { api: 'trackyard', id: KEY.id };
const NEW = ['--api', 'trackyard', '--account', 'acme', '--name', 'Production App'];
const INPUT = { api: 'trackyard', account: 'acme', name: 'Production App' };

describe('keys create', () => {
  it('prints the key alone on stdout, and everything else on stderr', async () => {
    const ran = await run(['keys', 'create', ...NEW]);
    expect(ran.out).toBe(`${CREATED.key}\n`);
    expect(ran.err).toContain(KEY.id);
    expect(ran.err).not.toContain(CREATED.key);
    expect(ran.calls).toEqual([{ name: 'createKey', args: [INPUT] }]);
  });

  it('prints exactly the record with --json, wherever the flag stands', async () => {
    for (const args of [
      ['--json', 'keys', 'create', ...NEW],
      ['keys', '--json', 'create', ...NEW],
      ['keys', 'create', ...NEW, '--json'],
    ]) {
      expect(JSON.parse((await run(args)).out)).toEqual(CREATED);
    }
  });

  it('passes on every right', async () => {
    const rights = [
      '--tier',
      'pro',
      '--role',
      'admin',
      '--expires',
      '90d',
      '--limit',
      '10/minute',
      '--limit',
      '5/day',
    ];
    const lists = [
      '--permission',
      'documents:read',
      '--permission',
      'documents:write',
      '--allow-ip',
      '203.0.113.0/24',
    ];
    const { calls } = await run(['keys', 'create', ...NEW, ...rights, ...lists]);
    expect(calls[0]?.args).toEqual([
      {
        ...INPUT,
        tier: 'pro',
        role: 'admin',
        expiresAt: '2027-02-20T08:00:00Z',
        limits: ['10/minute', '5/day'],
        permissions: ['documents:read', 'documents:write'],
        allowIps: ['203.0.113.0/24'],
      },
    ]);
  });
});

describe('keys set', () => {
  it.each([
    [['--name', 'New'], { name: 'New' }],
    [['--tier', 'pro', '--role', 'admin'], { tier: 'pro', role: 'admin' }],
    [['--tier', 'none', '--role', 'none', '--expires', 'none'], { tier: null, role: null, expiresAt: null }],
    [['--no-tier', '--no-role', '--no-expires'], { tier: null, role: null, expiresAt: null }],
    [['--permission', 'a', '--permission', 'b'], { permissions: ['a', 'b'] }],
    [['--no-permission', '--no-limit', '--no-allow-ip'], { permissions: [], limits: [], allowIps: null }],
    [
      ['--permission', 'none', '--limit', 'none', '--allow-ip', 'none'],
      { permissions: [], limits: [], allowIps: null },
    ],
    [['--allow-ip', '10.0.0.0/8', '--limit', '1/second'], { allowIps: ['10.0.0.0/8'], limits: ['1/second'] }],
    [['--no-limit', '--limit', '1/second'], { limits: ['1/second'] }],
  ])('%j changes exactly that', async (flags, change) => {
    const ran = await run(['keys', 'set', ...ID, ...flags]);
    expect(ran.calls).toEqual([{ name: 'setKey', args: [REF, change] }]);
    expect(ran.code).toBe(0);
  });

  it.each([
    [[], 'nothing to change'],
    [['--allow-ip', 'none', '--allow-ip', '10.0.0.0/8'], '--allow-ip none cannot stand beside other values'],
    [['--expires', 'never'], 'Expected a time in UTC'],
  ])('%j is wrong usage', async (flags, message) => {
    const ran = await run(['keys', 'set', ...ID, ...flags]);
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(ran.err).toContain(message);
  });
});

describe('keys list', () => {
  it('shows id, name, created, last use, status and hint, and never a key', async () => {
    const used = { ...KEY, id: 'key_ffffffffffffffffffffffff', last_used_at: '2026-11-22T07:59:59Z' };
    const { out } = await run(['keys', 'list', '--api', 'trackyard'], {
      instead: { listKeys: async () => ({ items: [KEY, used], next: null }) },
    });
    expect(out.split('\n')).toEqual(
      [
        'ID                            ACCOUNT  NAME            HINT     CREATED               LAST USED             STATUS',
        `${KEY.id}  acme     Production App  ty_…9zZa  2026-11-22T08:00:00Z  never                 active`.replace(
          'ty_…9zZa',
          'ty_…9zZa',
        ),
        `${used.id}  acme     Production App  ty_…9zZa  2026-11-22T08:00:00Z  2026-11-22T07:59:59Z  active`,
        '',
      ].map((line, at) => (at === 0 ? line.replace('HINT     ', 'HINT      ') : line)),
    );
  });

  it('reads every page and prints one JSON list of exactly the views', async () => {
    const asked: KeyQuery[] = [];
    const second: KeyView = { ...KEY, name: 'Second' };
    const listKeys = async (query: KeyQuery) => {
      asked.push(query);
      return query.after === undefined ? { items: [KEY], next: 'row-1' } : { items: [second], next: null };
    };
    const { out } = await run(['keys', 'list', '--api', 'trackyard', '--account', 'acme', '--json'], {
      instead: { listKeys },
    });
    expect(JSON.parse(out)).toEqual([KEY, second]);
    expect(asked).toEqual([
      { api: 'trackyard', account: 'acme', limit: 500 },
      { api: 'trackyard', account: 'acme', limit: 500, after: 'row-1' },
    ]);
  });

  it('prints an empty JSON list, and titles alone, where there is no key', async () => {
    const instead = { listKeys: async () => ({ items: [], next: null }) };
    expect((await run(['keys', 'list', '--api', 'a', '--json'], { instead })).out).toBe('[]\n');
    expect((await run(['keys', 'list', '--api', 'a'], { instead })).out).toMatch(
      /^ID {2}ACCOUNT .*STATUS\n$/,
    );
  });

  it('shows only keys of the asked status', async () => {
    const revoked: KeyView = { ...KEY, status: 'revoked' };
    const instead = { listKeys: async () => ({ items: [KEY, revoked], next: null }) };
    const { out } = await run(['keys', 'list', '--api', 'a', '--status', 'revoked', '--json'], { instead });
    expect(JSON.parse(out)).toEqual([revoked]);
  });

  it('lets no name act on the terminal', async () => {
    const name = 'a\u001b[2Jb\u009b31mc\u202ed\ne\u2028';
    const instead = { listKeys: async () => ({ items: [{ ...KEY, name }], next: null }) };
    const plain = await run(['keys', 'list', '--api', 'a'], { instead });
    expect(plain.out).toContain('a\\u{1b}[2Jb\\u{9b}31mc\\u{202e}d\\u{a}e\\u{2028}');
    const json = await run(['keys', 'list', '--api', 'a', '--json'], { instead });
    expect(json.out).not.toMatch(/[\u007f-\u009f\u202e\u2028]/);
    expect(JSON.parse(json.out)).toEqual([{ ...KEY, name }]);
  });
});

describe('keys rotate, show and revoke', () => {
  it('rotates with a day of overlap unless told otherwise', async () => {
    const usual = await run(['keys', 'rotate', ...ID]);
    expect(usual.out).toBe(`${CREATED.key}\n`);
    expect(usual.calls).toEqual([{ name: 'rotateKey', args: [REF, 86_400_000] }]);
    const short = await run(['keys', 'rotate', ...ID, '--overlap', '12h']);
    expect(short.calls).toEqual([{ name: 'rotateKey', args: [REF, 43_200_000] }]);
    const wrong = await run(['keys', 'rotate', ...ID, '--overlap', 'long']);
    expect(wrong).toMatchObject({ code: 2, calls: [] });
    expect(wrong.err).toContain('Expected a duration like 90d');
  });

  it('shows a key without the key', async () => {
    const { out, calls } = await run(['keys', 'show', ...ID]);
    expect(calls).toEqual([{ name: 'showKey', args: [REF] }]);
    expect(out).toContain('last used     never\n');
  });

  it('revokes, and exits 0 when every edge has confirmed', async () => {
    const ran = await run(['keys', 'revoke', ...ID, '--wait', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '', calls: [{ name: 'revokeKey', args: [REF] }] });
    expect(JSON.parse(ran.out)).toMatchObject({ status: 'revoked', unconfirmed: [] });
  });

  it('names the edges that have not confirmed, and with --wait exits 1 for them', async () => {
    const waited = await run(['keys', 'revoke', ...ID, '--wait'], {
      instead: { revokeKey: revokeUnconfirmed },
    });
    expect(waited.code).toBe(1);
    expect(waited.err).toContain('is revoked but not yet confirmed by edge-1, edge-2');
    const unwaited = await run(['keys', 'revoke', ...ID], { instead: { revokeKey: revokeUnconfirmed } });
    expect(unwaited.code).toBe(0);
    expect(unwaited.err).toContain('not yet confirmed by edge-1, edge-2');
  });

  it('says so when no server runs that could confirm', async () => {
    expect((await run(['keys', 'revoke', ...ID], { via: 'store' })).err).toContain('No server answers');
  });
});

describe('keys digest', () => {
  it('reads the key from stdin, without its line end', async () => {
    for (const stdin of ['legacy-key', 'legacy-key\n', 'legacy-key\r\n']) {
      expect((await run(['keys', 'digest'], { stdin })).out).toBe('digest-of-10-characters\n');
    }
    const { out } = await run(['keys', 'digest', '--json'], { stdin: 'legacy-key' });
    expect(JSON.parse(out)).toEqual({ digest: 'digest-of-10-characters' });
  });

  it.each([
    ['', 'no key on stdin'],
    ['\n', 'no key on stdin'],
    ['one\ntwo\n', 'more than one line'],
    ['x'.repeat(5_000), 'at most 4096 characters'],
  ])('refuses %j', async (stdin, message) => {
    const ran = await run(['keys', 'digest'], { stdin });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(message);
  });

  it('takes no key as an argument, and does not repeat one that was given', async () => {
    const ran = await run(['keys', 'digest', 'super-secret-key']);
    expect(ran.code).toBe(2);
    expect(ran.err).not.toContain('super-secret-key');
  });
});

async function revokeUnconfirmed(): Promise<Revocation> {
  return { ...KEY, status: 'revoked', unconfirmed: ['edge-1', 'edge-2'] };
}
