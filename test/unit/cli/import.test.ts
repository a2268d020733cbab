import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OperationRefused } from '../../../src/domain/operations.ts';
import type { ImportedKey, KeyView } from '../../../src/domain/operations.ts';
import { KEY } from '../hub/control/fake-operations.ts';
import { run } from './run.ts';

const IMPORT = ['keys', 'import', '--api', 'clary', '--account', 'acme'];
const folder = mkdtempSync(join(tmpdir(), 'tgi-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lines(count: number): string {
  return Array.from({ length: count }, (_, at) => `{"key":"legacy-key-${at}","name":"n${at}"}\n`).join('');
}

function toView({ name }: ImportedKey): KeyView {
  return { ...KEY, name };
}

const importKeys = async (keys: readonly ImportedKey[]) => keys.map(toView);

describe('keys import', () => {
  it('takes 50 lines at a time with a pause between, and counts what was imported', async () => {
    const ran = await run(IMPORT, { stdin: lines(120), instead: { importKeys } });
    expect(ran).toMatchObject({ code: 0, out: 'imported 120 keys\n', err: '' });
    expect(ran.calls.map(({ args: [keys] }) => (keys as unknown[]).length)).toEqual([50, 50, 20]);
    expect(ran.pausesMs).toEqual([4, 4, 4]);
    expect(ran.calls[2]?.args).toMatchObject([{ 19: { key: 'legacy-key-119', name: 'n119' } }]);
  });

  it('beside a running server rests three times as long as a batch took, within bounds; alone it does not', async () => {
    const pausesOf = async (via: 'hub' | 'store') => {
      const tooksMs = [20, 0, -3_600_000, 30_000];
      let nowMs = 0;
      const slowly = async (keys: readonly ImportedKey[]) => {
        nowMs += tooksMs.shift() ?? 0;
        return keys.map(toView);
      };
      const given = { stdin: lines(200), instead: { importKeys: slowly }, via, nowMs: () => nowMs };
      return (await run(IMPORT, given)).pausesMs;
    };
    expect(await pausesOf('hub')).toEqual([60, 4, 4, 1_000]);
    expect(await pausesOf('store')).toEqual([4, 4, 4, 4]);
  });

  it('reads a file, and names of members as they are shown elsewhere', async () => {
    const file = join(folder, 'keys.jsonl');
    const full = {
      key: 'legacy-key-0123456',
      name: 'n',
      account: 'other',
      tier: 'lite',
      permissions: ['documents:read'],
      role: 'r',
      allow_ips: ['10.0.0.1'],
      limits: ['1/second'],
      expires_at: '2027-01-01T00:00:00Z',
    };
    writeFileSync(file, `\n${JSON.stringify(full)}`);
    const ran = await run(['keys', 'import', '--api', 'clary', file]);
    expect(ran.calls).toEqual([
      {
        name: 'importKeys',
        args: [
          [
            {
              api: 'clary',
              account: 'other',
              key: 'legacy-key-0123456',
              name: 'n',
              tier: 'lite',
              permissions: ['documents:read'],
              role: 'r',
              allowIps: ['10.0.0.1'],
              limits: ['1/second'],
              expiresAt: '2027-01-01T00:00:00Z',
            },
          ],
        ],
      },
    ]);
  });

  it('prints one JSON list of the views, batch after batch', async () => {
    const ran = await run([...IMPORT, '--json'], { stdin: lines(60), instead: { importKeys } });
    expect(JSON.parse(ran.out)).toHaveLength(60);
    expect((await run([...IMPORT, '--json'], { stdin: '' })).out).toBe('[]\n');
  });

  it('says where to go on after a refused batch, and keeps to it', async () => {
    let batch = 0;
    const refusing = async (keys: readonly ImportedKey[]) => {
      batch += 1;
      if (batch === 2) throw new OperationRefused('conflict', 'a key exists already');
      return keys.map(toView);
    };
    const broken = await run([...IMPORT, '--json'], { stdin: lines(120), instead: { importKeys: refusing } });
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('a key exists already');
    expect(broken.err).toContain('every line before 51 is imported');
    expect(broken.err).toContain('--from-line 51');
    expect(JSON.parse(broken.out)).toHaveLength(50);
    const resumed = await run([...IMPORT, '--from-line', '51'], {
      stdin: lines(120),
      instead: { importKeys },
    });
    expect(resumed.out).toBe('imported 70 keys\n');
    expect(resumed.calls[0]?.args).toMatchObject([{ 0: { name: 'n50' } }]);
  });

  it.each([
    ['{"key":"secret-key-0123456","name":}', 'line 1: the line is not JSON'],
    ['"secret-key-0123456"', 'line 1: the line must be a record'],
    ['{"key":"secret-key-0123456"}', 'line 1: the line.name must be a text'],
    ['{"key":"secret-key-0123456","name":"n","nmae":"n"}', 'line 1: the line has an unknown member "nmae"'],
    ['{"key":["secret-key-0123456"],"name":"n"}', 'line 1: the line.key must be a text'],
    [`{"key":"secret-key-0123456","name":"${'n'.repeat(70_000)}"}`, 'line 1 is longer than'],
  ])('refuses %.60s without repeating the key', async (stdin, message) => {
    const ran = await run(IMPORT, { stdin });
    expect(ran.err).toContain(message);
    expect(ran.err).toContain('nothing was imported');
    expect(ran.err).not.toContain('secret-key');
    expect(ran).toMatchObject({ code: 1, calls: [] });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const ran = await run(IMPORT, { stdin: Uint8Array.from([0x7b, 0xff, 0x0a]) });
    expect(ran).toMatchObject({ code: 1, calls: [] });
    expect(ran.err).toContain('not UTF-8');
  });

  it('demands an account from somewhere', async () => {
    const ran = await run(['keys', 'import', '--api', 'clary'], { stdin: lines(1) });
    expect(ran.err).toContain('names no account, and --account was not given');
    expect(ran).toMatchObject({ code: 1, calls: [] });
  });

  it('fails with the reason when the file is not there', async () => {
    const ran = await run([...IMPORT, join(folder, 'absent')]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('ENOENT');
  });

  it('stops between two batches when asked to', async () => {
    const ran = await run(IMPORT, { stdin: lines(1), stop: AbortSignal.abort() });
    expect(ran).toMatchObject({ code: 1, calls: [] });
    expect(ran.err).toContain('the import was stopped');
  });
});
