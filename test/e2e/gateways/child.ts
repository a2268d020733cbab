import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_MS = 20_000;
const STOP_MS = 5_000;
const POLL_MS = 20;
const OUTPUT_CHARS_MAX = 8_000;

export interface ChildPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** Its working directory. */
  readonly folder: string;
  /** Which is listening once it serves. */
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that serves a port, until it is stopped. Rejects with its own words where it does not start. */
export async function startChild(plan: ChildPlan): Promise<() => Promise<void>> {
  const { command, args, folder, port, env = {} } = plan;
  const child = spawn(command, args, { cwd: folder, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env } });
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let gone = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => keep(Buffer.from(error.message)));
    child.once('close', () => {
      gone = true;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const cut = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(cut);
  };
  const giveUpMs = performance.now() + START_MS;
  while (!(await listens(port))) {
    if (gone || performance.now() > giveUpMs) {
      await stop();
      throw new Error(`${command} did not start:\n${output}`);
    }
    await pause(POLL_MS);
  }
  return stop;
}

async function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

export async function createFolder(): Promise<{
  readonly folder: string;
  readonly remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-gateway-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
