import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Blocked, Order } from './preload.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url));
/** Catches what hangs; no test waits for it. */
const LIMIT_MS = 60_000;

/** A process of `src/main.ts`, from its start to its end. */
export interface Running {
  readonly child: ChildProcess;
  /** All that it has written. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended and all it wrote was read. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Serving extends Running {
  /** Where it answers checks. */
  readonly address: string;
  order(order: Order): void;
  /** The next word of a main thread that was told to block. */
  nextBlocked(): Promise<Blocked>;
}

export interface Place {
  /** Of the database. */
  readonly folder: string;
  readonly sets?: readonly string[];
  /** Path of the configuration; the repository's own where absent. */
  readonly config?: string;
  /** Words before the command, which run it. */
  readonly inside?: readonly string[];
}

export function databaseIn({ folder }: Place): string {
  return join(folder, 'tollgate.db');
}

/** The settings that put a process on the test's own store and port. */
export function settingsFor(place: Place): readonly string[] {
  return [
    `store.url=sqlite:${databaseIn(place)}`,
    'check.grpc.listen=127.0.0.1:0',
    'telemetry.listen=127.0.0.1:0',
    // What these tests do not ask: their usual ports may be in use by other tests.
    'admin.listen=off',
    'public.listen=off',
    // A machine that is busy with other tests must not turn a check into an outage.
    'check.budget=10s',
    ...(place.sets ?? []),
  ];
}

export function startMain(args: readonly string[], place: Place): Running {
  const sets = settingsFor(place).flatMap((set) => ['--set', set]);
  const config = place.config === undefined ? [] : ['--config', place.config];
  const node = [process.execPath, '--import', PRELOAD, 'src/main.ts', ...config, ...sets, ...args];
  const [command = '', ...words] = [...(place.inside ?? []), ...node];
  const child = spawn(command, words, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, stdout, stderr }));
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** A server that answers. Rejects with what it wrote where it ends before. */
export async function startServe(place: Place): Promise<Serving> {
  const running = startMain(['serve'], place);
  const { child, ended } = running;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stdout?.on('data', () => {
    const address = /^check\.grpc\s+(\S+)\n/m.exec(running.stdout())?.[1];
    if (address !== undefined) resolve(address);
  });
  void ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)));
  const address = await promise;
  return {
    ...running,
    address,
    order: (order) => void child.send(order),
    nextBlocked: async () => {
      const [word] = (await once(child, 'message')) as [Blocked];
      return word;
    },
  };
}

/** One command of the command line, to its end. */
export function runCommand(args: readonly string[], place: Place): Promise<Ended> {
  return startMain(args, place).ended;
}
