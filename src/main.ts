import process from 'node:process';
import { findNodeFault } from './cli/node-version.ts';
import type { Program } from './cli/program.ts';

/** What should have ended with the command must not keep the process longer than this. */
const EXIT_GRACE_MS = 5_000;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

// Whatever this process makes is for its user alone: SQLite would let everybody read a database and its log.
process.umask(0o077);

// Everything else is imported only on a Node that has `node:sqlite`: an older one would fail with words about modules.
const fault = findNodeFault(process.versions.node);
if (fault === undefined) {
  process.exitCode = await run();
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
} else {
  process.stderr.write(`error: ${fault}\n`);
  process.exitCode = 1;
}

async function run(): Promise<number> {
  const { createCli } = await import('./cli/cli.ts');
  // Each write learns of a reader that went away; without a listener the stream would end the process first.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const cli = createCli({
    program: createLazyProgram(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    nowMs: Date.now,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    takeSignals: createSignals(),
  });
  return cli.run(process.argv.slice(2));
}

/** The program, imported when it is first asked for: help and usage errors need none of it. */
function createLazyProgram(): Program {
  return {
    serve: async (options) => (await loadProgram()).serve(options),
    rehearse: async (options) => (await loadProgram()).rehearse(options),
    openOperations: async (options) => (await loadProgram()).openOperations(options),
    validate: async (options) => (await loadProgram()).validate(options),
    gatewayFacts: async (options) => (await loadProgram()).gatewayFacts(options),
    migrate: async (options) => (await loadProgram()).migrate(options),
    digest: async (options, key) => (await loadProgram()).digest(options, key),
    inspectToken: async (options, question) => (await loadProgram()).inspectToken(options, question),
  };
}

async function loadProgram(): Promise<Program> {
  const { createProgram } = await import('./app.ts');
  return createProgram({ env: process.env, writeLog: (line: string) => process.stderr.write(line) });
}

function createSignals(): () => AbortSignal {
  const stop = new AbortController();
  let taken = false;
  return () => {
    if (taken) return stop.signal;
    taken = true;
    for (const [name, number] of Object.entries(SIGNALS)) {
      process.on(name, () => {
        if (stop.signal.aborted) process.exit(128 + number);
        stop.abort();
      });
    }
    return stop.signal;
  };
}
