import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const RUN_MS = 25_000;
const folder = mkdtempSync(join(tmpdir(), 'tgm-'));
const SETS = [
  `store.url=sqlite:${join(folder, 't.db')}`,
  'check.grpc.listen=127.0.0.1:0',
  'telemetry.listen=off',
  'public.listen=off',
  'admin.listen=off',
].flatMap((set) => ['--set', set]);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function main(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['src/main.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: RUN_MS,
    env: { ...process.env, ...env },
  });
}

/** What another user may read or write, in a folder that might let him in. */
function filesOfOthers(path: string): readonly string[] {
  return readdirSync(path).filter((name) => (statSync(join(path, name)).mode & 0o077) !== 0);
}

describe('the process', () => {
  it('exits 0 after help, 2 after wrong usage, 1 after a refusal', () => {
    expect(main(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: tollgate') });
    expect(main(['kyes'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Did you mean keys?'),
    });
    expect(main(['--config', join(folder, 'absent.yaml'), 'validate'])).toMatchObject({
      status: 1,
      stdout: '',
    });
  });

  it('serves until SIGTERM from files of its user alone, takes operations of another process meanwhile, and exits 0', async () => {
    const child = spawn(process.execPath, ['src/main.ts', ...SETS, 'serve', '--json'], { cwd: ROOT });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const started = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk) => resolve(String(chunk))),
    );
    expect(JSON.parse(started)).toMatchObject({
      listeners: [{ name: 'check.grpc', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }],
    });
    const created = main([...SETS, 'accounts', 'create', '--api', 'trackyard', '--id', 'acme', '--json']);
    expect(JSON.parse(created.stdout)).toMatchObject({ id: 'acme', tier: 'free' });
    expect(filesOfOthers(folder)).toEqual([]);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  it('shows every answer of the demo as promised where there is no Envoy', () => {
    const ran = main(['demo', '--once', '--json'], { ENVOY_BIN: join(folder, 'no-envoy') });
    const rows = JSON.parse(ran.stdout) as readonly { readonly as_promised: boolean }[];
    expect(rows.filter((row) => !row.as_promised)).toEqual([]);
    expect(rows.length).toBeGreaterThan(20);
    expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining('ENVOY_BIN') });
  });
});
