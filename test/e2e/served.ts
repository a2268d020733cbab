import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Catches what hangs; no test waits for it. */
const LIMIT_MS = 60_000;

export interface Spoken {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server that answers checks and shows itself. */
export interface Served {
  readonly checkGrpc: string;
  /** `http://127.0.0.1:…` */
  readonly telemetry: string;
  terminate(): void;
  /** Resolves when it has ended and all it wrote was read. */
  readonly ended: Promise<Spoken>;
}

export interface Command {
  readonly args: readonly string[];
  /** All of its environment but the PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves once the server answers; rejects with what it wrote where it ends before. */
export async function startServed(command: Command): Promise<Served> {
  const { child, ended } = start({ ...command, args: [...command.args, 'serve'] });
  const {
    promise: listening,
    resolve,
    reject,
  } = Promise.withResolvers<Pick<Served, 'checkGrpc' | 'telemetry'>>();
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    const addressOf = (name: string) => new RegExp(`^${name} +(\\S+)\\n`, 'm').exec(stdout)?.[1];
    const [checkGrpc, telemetry] = [addressOf('check.grpc'), addressOf('telemetry')];
    if (checkGrpc !== undefined && telemetry !== undefined) {
      resolve({ checkGrpc, telemetry: `http://${telemetry}` });
    }
  });
  void ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)));
  return { ...(await listening), terminate: () => void child.kill('SIGTERM'), ended };
}

/** One command of the command line, to its end. */
export function speak(command: Command): Promise<Spoken> {
  return start(command).ended;
}

function start({ args, env = {} }: Command) {
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(([code]): Spoken => ({ code, stdout, stderr }));
  return { child, ended };
}
