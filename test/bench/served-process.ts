import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCH_CONFIG } from './world.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Catches what hangs; no measurement is meant to take so long. */
const LIFE_MS_MAX = 300_000;

export interface Command {
  /** What it wrote, when it has ended, whatever its code. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** As an operator does with Ctrl-C. */
  stop(): void;
}

/** A server in a process of its own, on a database in the folder. */
export interface ServedProcess {
  /** Where it answers checks. */
  readonly address: string;
  readonly databasePath: string;
  readonly pid: number;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  /** A command of the command line, in a process of its own, which asks this server. */
  command(words: readonly string[]): Command;
  stop(): Promise<void>;
}

export async function startServedProcess(folder: string): Promise<ServedProcess> {
  const databasePath = join(folder, 'tollgate.db');
  const { child, ended } = start(databasePath, ['serve']);
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  let written = '';
  child.stdout.on('data', (chunk) => {
    written += String(chunk);
    const found = ['check.grpc', 'telemetry'].flatMap(
      (name) => new RegExp(`^${name} +(\\S+)\\n`, 'm').exec(written)?.[1] ?? [],
    );
    if (found.length === 2) resolve(found);
  });
  void ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)));
  const [address = '', telemetry = ''] = await promise;
  return {
    address,
    databasePath,
    pid: child.pid ?? 0,
    metrics: async () => (await fetch(`http://${telemetry}/metrics`)).text(),
    command(words) {
      const command = start(databasePath, words);
      return { ended: command.ended, stop: () => void command.child.kill('SIGTERM') };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function start(databasePath: string, words: readonly string[]) {
  const sets = [
    `store.url=sqlite:${databasePath}`,
    'check.grpc.listen=127.0.0.1:0',
    'telemetry.listen=127.0.0.1:0',
    'public.listen=off',
    'admin.listen=off',
  ].flatMap((set) => ['--set', set]);
  const child = spawn(process.execPath, ['src/main.ts', '--config', BENCH_CONFIG, ...sets, ...words], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIFE_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const written: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk) => written.stdout.push(String(chunk)));
  child.stderr.on('data', (chunk) => written.stderr.push(String(chunk)));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({
    code: code ?? null,
    stdout: written.stdout.join(''),
    stderr: written.stderr.join(''),
  }));
  return { child, ended };
}
