import { PassThrough, Readable } from 'node:stream';
import type { ConfigPlace } from '../../../src/app.ts';
import { createCli } from '../../../src/cli/cli.ts';
import type { Program, Running } from '../../../src/cli/program.ts';
import type { Operations } from '../../../src/domain/operations.ts';
import { createFakeOperations } from '../hub/control/fake-operations.ts';
import type { Recorded } from '../hub/control/fake-operations.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 8, 0, 0, 700);

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly calls: readonly Recorded[];
  readonly options: readonly ConfigPlace[];
  readonly pausesMs: readonly number[];
  readonly closed: number;
}

export interface RunWith {
  readonly stdin?: string | Uint8Array;
  readonly instead?: Partial<Operations>;
  readonly program?: Partial<Program>;
  readonly via?: 'hub' | 'store';
  readonly stop?: AbortSignal;
  readonly nowMs?: () => number;
}

/** Runs one command line against a fake program and tells everything it did. */
export async function run(args: readonly string[], given: RunWith = {}): Promise<Ran> {
  const { operations, calls } = createFakeOperations(given.instead);
  const options: ConfigPlace[] = [];
  const pausesMs: number[] = [];
  let closed = 0;
  const program: Program = {
    serve: async () => createFakeRunning(),
    rehearse: async () => Promise.reject(new Error('no rehearsal is expected here')),
    openOperations: async (asked) => {
      options.push(asked);
      return { operations, via: given.via ?? 'hub', close: async () => void (closed += 1) };
    },
    validate: async () => ({ problems: [], warnings: [], apis: [] }),
    gatewayFacts: async () => ({
      budgetMs: 120,
      credentialHeaders: ['authorization', 'x-api-key'],
      identityHeaders: ['x-account-id'],
    }),
    migrate: async () => ({ store: 'sqlite:var/tollgate.db', steps: ['1 accounts and keys'] }),
    digest: async (_options, key) => `digest-of-${key.length}-characters`,
    inspectToken: async () => Promise.reject(new Error('no token is expected here')),
    ...given.program,
  };
  const [stdout, stderr] = [createSink(), createSink()];
  const stdin = given.stdin ?? '';
  const cli = createCli({
    program,
    stdin: Readable.from([typeof stdin === 'string' ? Buffer.from(stdin) : stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: {},
    nowMs: given.nowMs ?? (() => NOW_MS),
    pause: async (ms) => void pausesMs.push(ms),
    takeSignals: () => given.stop ?? new AbortController().signal,
  });
  const code = await cli.run(args);
  return { code, out: stdout.text(), err: stderr.text(), calls, options, pausesMs, closed };
}

export function createFakeRunning(instead: Partial<Running> = {}): Running {
  return {
    listeners: [{ name: 'check.grpc', address: '127.0.0.1:9000' }],
    notes: [],
    ended: new Promise(() => undefined),
    stop: async () => undefined,
    ...instead,
  };
}

function createSink(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return { stream, text: () => text };
}
