import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Reply } from '../../src/domain/reply.ts';
import type { AuthzRequest } from '../../src/domain/request.ts';
import { createMethods } from '../../src/edge/gateway/envoy-grpc/methods.ts';
import type { GrpcTransport } from '../../src/edge/gateway/envoy-grpc/transport.ts';
import { createWireTransport } from '../../src/edge/gateway/envoy-grpc/wire.ts';
import type { ListenerTls } from '../../src/lib/listener/tls.ts';
import { ANY_PORT } from './grpc-listener.ts';
import { allowReply, denyReply } from './replies.ts';

/** A program that asks what the scenarios among its words say, in a process of its own. */
export interface ClientProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ScenarioRun {
  /** Resolves with the first that it tells. */
  readonly begun: Promise<unknown>;
  /** All that it told, by scenario. Rejects with what it complained of. */
  readonly ended: Promise<Told>;
}

export type Told = ReadonlyMap<string, unknown>;

/** Catches what hangs. */
const RUN_MS_MAX = 180_000;

export function runScenarios({ command, args, env }: ClientProgram, words: readonly string[]): ScenarioRun {
  const child = spawn(command, [...args, ...words], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const all = new Map<string, unknown>();
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => {
    const { word, told } = JSON.parse(line) as { word: string; told: unknown };
    all.set(word, told);
  });
  const ended = once(child, 'close').then(([code]: number[]) => {
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`);
    return all;
  });
  return { begun: Promise.race([once(output, 'line'), ended]), ended };
}

export const BIG_ANSWER_BYTES = 1024 * 1024;

/** A server of checks whose answers name the question, and the server that gave them. */
export interface EchoServer extends GrpcTransport {
  /** Resolves when somebody has asked for `/held`, who waits until `release`. */
  readonly held: Promise<void>;
  release(): void;
}

export interface EchoOptions {
  readonly name: string;
  readonly listen: string;
  readonly tls: ListenerTls | undefined;
  readonly onBug: (error: unknown) => void;
}

/** The real methods and the real codec on the wire transport. It never is too busy: what is tried is the transport, on a busy machine. */
export function createEchoServer({ name, listen, tls, onBug }: EchoOptions): EchoServer {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const answers: Readonly<Record<string, (request: AuthzRequest) => Reply | Promise<Reply>>> = {
    '/allow': ({ target }) => allowReply({ upstreamSet: [['x-target', target]] }),
    '/deny': ({ target }) => deny(name, target),
    '/later': async ({ target }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return deny(name, target);
    },
    '/held': async ({ target }) => {
      held.resolve();
      await released.promise;
      return deny(name, target);
    },
    '/never': () => new Promise<never>(() => {}),
    '/length': ({ headers }) => deny(name, String(headers.all('x-long')[0]?.length)),
    '/big': () => deny(name, 'b'.repeat(BIG_ANSWER_BYTES)),
  };
  const transport = createWireTransport({
    ...ANY_PORT,
    listen,
    tls,
    methods: createMethods({
      answer(request) {
        const answer = answers[request.target.split('?')[0] ?? ''];
        if (answer === undefined) throw new Error(`nobody asks for ${request.target}`);
        return answer(request);
      },
      refuse: () => denyReply({ code: 'unavailable', status: 503 }),
      onBug,
      isServing: () => true,
      isBehind: () => false,
      checksMax: Infinity,
      nowMs: () => performance.now(),
    }),
    nowMs: () => performance.now(),
    onBug,
    onRefused: () => {},
  });
  return { ...transport, held: held.promise, release: released.resolve };
}

function deny(server: string, body: string): Reply {
  return { ...denyReply({ code: 'credential_missing', status: 401, headers: [['x-server', server]] }), body };
}
