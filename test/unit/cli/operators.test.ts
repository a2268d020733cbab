import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/domain/audit.ts';
import { AUDIT_ENTRY, OPERATOR, OPERATOR_TOKEN } from '../hub/control/fake-operations.ts';
import { run } from './run.ts';

describe('operators create', () => {
  const args = ['operators', 'create', '--name', 'ops', '--role', 'write'];

  it('prints the token alone on stdout, and everything else on stderr', async () => {
    const ran = await run(args);
    expect(ran.out).toBe(`${OPERATOR_TOKEN}\n`);
    expect(ran.err).toContain('ops');
    expect(ran.err).not.toContain(OPERATOR_TOKEN);
    expect(ran.calls).toEqual([{ name: 'createOperator', args: [{ name: 'ops', role: 'write' }] }]);
  });

  it('prints exactly the record with --json', async () => {
    expect(JSON.parse((await run([...args, '--json'])).out)).toEqual({ ...OPERATOR, token: OPERATOR_TOKEN });
  });

  it.each([
    ['no role', ['operators', 'create', '--name', 'ops']],
    ['a role that there is not', ['operators', 'create', '--name', 'ops', '--role', 'admin']],
    ['no name', ['operators', 'create', '--role', 'read']],
  ])('with %s is wrong usage, and asks for nothing', async (_name, wrong) => {
    expect(await run(wrong)).toMatchObject({ code: 2, calls: [] });
  });
});

describe('operators list', () => {
  it('shows who may what and since when, and never a token', async () => {
    const revoked = { ...OPERATOR, name: 'old', revoked_at: '2026-11-22T09:00:00Z' };
    const ran = await run(['operators', 'list'], {
      instead: { listOperators: async () => [OPERATOR, revoked] },
    });
    expect(ran.out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'ROLE', 'CREATED', 'LAST USED', 'STATUS'],
      ['ops', 'write', '2026-11-22T08:00:00Z', 'never', 'active'],
      ['old', 'write', '2026-11-22T08:00:00Z', 'never', 'revoked 2026-11-22T09:00:00Z'],
      [''],
    ]);
    expect(JSON.parse((await run(['operators', 'list', '--json'])).out)).toEqual([OPERATOR]);
  });
});

describe('operators revoke', () => {
  it('says since when', async () => {
    const ran = await run(['operators', 'revoke', '--name', 'ops']);
    expect(ran).toMatchObject({ code: 0, out: 'ops is revoked since 2026-11-22T09:00:00Z.\n' });
    expect(ran.calls).toEqual([{ name: 'revokeOperator', args: ['ops'] }]);
  });
});

describe('audit list', () => {
  it('shows who did what, with what it was before', async () => {
    const ran = await run(['audit', 'list', '--object', 'acme']);
    expect(ran.out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['AT', 'ACTOR', 'SOURCE', 'ACTION', 'API', 'OBJECT', 'CHANGED'],
      [
        '2026-11-22T08:00:00Z',
        'cli:alice',
        'control',
        'account.set',
        'trackyard',
        'acme',
        'tier: "free" → "pro"',
      ],
      [''],
    ]);
    expect(ran.calls).toEqual([{ name: 'listAudit', args: [{ object: 'acme', limit: 50 }] }]);
  });

  it('goes on from page to page until there are as many as was asked for', async () => {
    const asked: (string | undefined)[] = [];
    const listAudit = async ({ after, limit = 0 }: { readonly after?: string; readonly limit?: number }) => {
      asked.push(after);
      const items: readonly AuditEntry[] = Array.from({ length: Math.min(limit, 500) }, () => AUDIT_ENTRY);
      return { items, next: String(asked.length) };
    };
    const ran = await run(['audit', 'list', '--limit', '1200', '--json'], { instead: { listAudit } });
    expect(JSON.parse(ran.out)).toHaveLength(1_200);
    expect(asked).toEqual([undefined, '1', '2']);
  });

  it('makes what strangers chose inert', async () => {
    const entry = { ...AUDIT_ENTRY, changed: { name: { from: null, to: '\u001b[31mred\u202e' } } };
    const ran = await run(['audit', 'list'], {
      instead: { listAudit: async () => ({ items: [entry], next: null }) },
    });
    for (const active of ['\u001b', '\u202e']) expect(ran.out).not.toContain(active);
  });

  it.each(['0', '10001', 'all'])('takes no limit of %s', async (limit) => {
    expect(await run(['audit', 'list', '--limit', limit])).toMatchObject({ code: 2, calls: [] });
  });
});
