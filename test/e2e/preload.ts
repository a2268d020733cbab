import { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

/*
 * Loaded before `src/main.ts` in a process of a test, which then tells it to do what no server does by itself.
 */

/** What the test may ask for. */
export type Order =
  /** Ends the thread whose entry is `src/threads/<thread>.ts`, as its death would. */
  | { readonly kill: 'store' | 'edge' }
  /** Keeps the main thread busy until the file exists, at most BLOCKED_MAX_MS; then sends the outcome. */
  | { readonly blockUntil: string };

/** What is answered: twice, before and after. */
export type Blocked = 'blocked' | 'released' | 'given up';

const BLOCKED_MAX_MS = 10_000;

const workers = new Map<string, workerThreads.Worker>();
const { Worker } = workerThreads;

workerThreads.Worker = class extends Worker {
  constructor(entry: string | URL, options?: workerThreads.WorkerOptions) {
    super(entry, options);
    workers.set(String(entry).replace(/^.*\/threads\/(\w+)\.ts$/, '$1'), this);
  }
};
syncBuiltinESMExports();

process.on('message', (order: Order) => {
  if ('kill' in order) void workers.get(order.kill)?.terminate();
  else block(order.blockUntil);
});
// The test's line must not keep a server alive that has nothing else to do.
process.channel?.unref();

function block(path: string): void {
  say('blocked');
  const endMs = performance.now() + BLOCKED_MAX_MS;
  while (!existsSync(path) && performance.now() < endMs);
  say(existsSync(path) ? 'released' : 'given up');
}

function say(blocked: Blocked): void {
  process.send?.(blocked);
}
