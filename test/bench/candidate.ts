import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { cpuMicrosOf, rssMibOf } from './measure.ts';

/**
 * A server in a process of its own. It writes a line when it answers: `{"address":"127.0.0.1:…"}`, with the ids of processes
 * that work for it as `"pids"`, or whatever `addressIn` finds the address in.
 */
export interface Candidate {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its first group is the address. */
  readonly addressIn?: RegExp;
}

export interface Running {
  readonly address: string;
  /** From its start until it answers. */
  readonly startedSeconds: number;
  /** Of all its processes, so far, in microseconds. */
  cpuMicros(): number;
  rssMib(): number;
  /** Resolves when it has ended, by itself or by force. */
  stop(): Promise<void>;
}

const START_MS_MAX = 180_000;
const STOP_MS_MAX = 15_000;

/** Whatever ends this process, its servers do not outlive it. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Rejects where it ends, or is silent for three minutes. */
export async function startCandidate(candidate: Candidate): Promise<Running> {
  const begun = performance.now();
  const child = spawn(candidate.command, candidate.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...candidate.env },
  });
  living.add(child);
  const ended = once(child, 'close').finally(() => living.delete(child));
  const { address, pids } = await firstWordOf(child, candidate).catch(async (error: unknown) => {
    await end(child, ended);
    throw new Error(`${candidate.name} did not start`, { cause: error });
  });
  const all = [child.pid ?? 0, ...pids];
  return {
    address,
    startedSeconds: (performance.now() - begun) / 1_000,
    cpuMicros: () => all.reduce((sum, pid) => sum + cpuMicrosOf(pid), 0),
    rssMib: () => all.reduce((sum, pid) => sum + rssMibOf(pid), 0),
    stop: () => end(child, ended),
  };
}

interface FirstWord {
  readonly address: string;
  readonly pids: readonly number[];
}

async function firstWordOf(child: ChildProcess, { addressIn }: Candidate): Promise<FirstWord> {
  const { stdout } = child;
  if (stdout === null) throw new Error('its output is not read');
  const { promise, resolve, reject } = Promise.withResolvers<FirstWord>();
  child.once('error', reject);
  child.once('exit', () => reject(new Error('it ended')));
  const giveUp = setTimeout(() => reject(new Error('it is silent')), START_MS_MAX);
  createInterface({ input: stdout }).on('line', (line) => {
    const word = addressIn === undefined ? fromJson(line) : fromText(line, addressIn);
    if (word !== undefined) resolve(word);
  });
  return promise.finally(() => clearTimeout(giveUp));
}

function fromJson(line: string): FirstWord {
  const { address, pids = [] } = JSON.parse(line) as { address: string; pids?: readonly number[] };
  return { address, pids };
}

function fromText(line: string, addressIn: RegExp): FirstWord | undefined {
  const address = addressIn.exec(line)?.[1];
  return address === undefined ? undefined : { address, pids: [] };
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  if (child.exitCode === null) child.kill('SIGTERM');
  await ended;
  clearTimeout(force);
}
