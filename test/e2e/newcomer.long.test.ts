import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/*
 * The README, word for word, in a fresh clone. A block's mark says how it is run:
 * `sh` runs and ends, `sh stays` runs until Ctrl-C, `sh beside` runs while the block before it stays, `sh suite` is what .ci/run calls.
 */
interface Block {
  readonly mark: '' | 'stays' | 'beside' | 'suite';
  readonly script: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 300_000;
const END_MS = 30_000;
/** What a command that stays prints once it is up: the demo's lines to try by hand, the server's start line. */
const READY = /^\s*(?:curl|check\.grpc)\b/m;

const folder = mkdtempSync(join(tmpdir(), 'tollgate-newcomer-'));
const clone = join(folder, 'tollgate');
let blocks: readonly Block[] = [];

beforeAll(() => {
  execFileSync('git', ['clone', '--quiet', ROOT, clone]);
  blocks = readBlocks(readFileSync(join(clone, 'README.md'), 'utf8'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function readBlocks(readme: string): Block[] {
  return [...readme.matchAll(/^ *```sh *(\w*)\n([\s\S]*?)^ *```/gm)].map(([, mark = '', script = '']) => ({
    mark: mark as Block['mark'],
    script: script.trim(),
  }));
}

/** A newcomer's shell: none of this test's variables that would steer npm or Node. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_|VITEST|TOLLGATE_(?!CACHE))/i.test(name),
  );
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(':') };
}

function start(script: string): { child: ChildProcess; output: () => string } {
  const child = spawn('bash', ['-c', script], { cwd: clone, env: environment(), detached: true });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return { child, output: () => output };
}

async function runToEnd(script: string): Promise<{ code: number; output: string }> {
  const { child, output } = start(script);
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(READY_MS) })) as [number];
  return { code, output: output() };
}

async function runWhileUp(script: string, beside: readonly Block[]): Promise<void> {
  const { child, output } = start(script);
  const closed = once(child, 'close', { signal: AbortSignal.timeout(READY_MS + END_MS) });
  try {
    const limit = performance.now() + READY_MS;
    while (!READY.test(output())) {
      if (child.exitCode !== null || performance.now() > limit)
        throw new Error(`never came up:\n${output()}`);
      await pause();
    }
    for (const block of beside) await runEachLine(block.script);
  } finally {
    // As Ctrl-C does: to the whole group.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
  }
  await closed;
  // The shell dies of the signal itself; what it had started must end of its own accord.
  const limit = performance.now() + END_MS;
  while (isThere(child.pid)) {
    if (performance.now() > limit) throw new Error(`did not end on Ctrl-C:\n${output()}`);
    await pause();
  }
}

/** Whether any process of the group is left. */
function isThere(group: number | undefined): boolean {
  try {
    return group !== undefined && process.kill(-group, 0);
  } catch {
    return false;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

async function runEachLine(script: string): Promise<void> {
  const { code, output } = await runToEnd(`set -e\n${script}`);
  expect({ script, code, output }).toMatchObject({ code: 0 });
}

describe('a newcomer', () => {
  test('finds the commands in the README, and the suite is what CI runs', () => {
    expect(blocks.filter(({ mark }) => mark === 'stays')).toHaveLength(2);
    const suite = blocks.filter(({ mark }) => mark === 'suite').map(({ script }) => script);
    expect(suite).toEqual(['npm cit']);
    expect(readFileSync(join(clone, '.ci/run'), 'utf8').split('\n')).toContain(suite[0]);
  });

  test('runs them one after the other, and each does what it says', async () => {
    for (const [index, block] of blocks.entries()) {
      if (block.mark === '') await runEachLine(block.script);
      if (block.mark !== 'stays') continue;
      const rest = blocks.slice(index + 1);
      const next = rest.findIndex(({ mark }) => mark !== 'beside');
      await runWhileUp(block.script, next === -1 ? rest : rest.slice(0, next));
    }
  });
});
