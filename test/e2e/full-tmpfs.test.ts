import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createControlClient } from '../../src/hub/control/client.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createCheckClient } from './check-client.ts';
import { databaseIn, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

const part = await requirePart('tmpfs');
const LOG_HOLDER = fileURLToPath(new URL('../bench/log-holder.ts', import.meta.url));
const DISK_MIB = 8;
const PAYER = { api: 'truedy', id: 'acme' };
const CREDITS = 100_000;
/** More than a file system of this size has room for, each in its turn. */
const CHECKS_MAX = 5_000;
const REFUSED = 20;

/** A file system of the server's own; others see it through the server's root. */
function onOwnDisk(folder: string): Place {
  const mount = `mount -t tmpfs -o size=${DISK_MIB}m tmpfs "$0" && exec "$@"`;
  return { folder, inside: ['unshare', '-rm', 'sh', '-c', mount, folder] };
}

/** A process that sees the server's file system, and reads what stood in the database when it began. */
async function holdLog({ child: { pid } }: Serving, path: string): Promise<ChildProcess> {
  const inside = ['--target', String(pid), '--user', '--mount', '--preserve-credentials'];
  const holder = spawn('nsenter', [...inside, process.execPath, LOG_HOLDER, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return holder;
}

/** Takes what room there is; answers how to give it back. */
function fill(path: string): () => void {
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(file, page);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
  return () => rmSync(path);
}

describe.skipIf('missing' in part)(partTitle('on a file system without room', part), () => {
  test('charges are refused with 503 once the log cannot grow, none is lost or made, and all works when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-tmpfs-'));
    const place = onOwnDisk(folder);
    const serving = await startServe(place);
    const client = createCheckClient(serving.address);
    onTestFinished(async () => {
      client.close();
      serving.child.kill('SIGKILL');
      await serving.ended;
      rmSync(folder, { recursive: true });
    });
    const disk = `/proc/${serving.child.pid}/root`;
    const database = disk + databaseIn(place);
    const operations = createControlClient(`${database}.sock`);
    await operations.createAccount({ ...PAYER, billing: 'active', credits: CREDITS });
    const { key } = await operations.createKey({ api: PAYER.api, account: PAYER.id, name: 'payer' });
    const pay = () => client.check({ host: 'api.truedy.ai', path: '/api/public/v1/videos', key });

    // Who reads what was there before keeps the log from beginning anew in its own room: it must grow.
    const reader = await holdLog(serving, databaseIn(place));
    const empty = fill(`${disk}${folder}/ballast`);
    let [allowed, refused] = [0, 0];
    for (let check = 0; check < CHECKS_MAX && refused < REFUSED; check += 1) {
      const answered = await pay();
      if (answered.allowed) allowed += 1;
      else refused += 1;
      // Once it is full it stays so.
      expect(answered.status).toBe(refused > 0 ? 503 : 200);
    }
    expect(refused).toBe(REFUSED);
    empty();
    expect(await pay()).toMatchObject({ allowed: true });
    reader.kill('SIGKILL');
    const { credits } = await operations.showAccount(PAYER);
    expect(credits.remaining).toBe(CREDITS - allowed - 1);
    expect(serving.stderr()).toContain('database or disk is full');
  });
});
