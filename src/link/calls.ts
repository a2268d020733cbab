import type { Dependency } from '../domain/decision.ts';
import { OperationRefused } from '../domain/operations.ts';
import type { OperationFault } from '../domain/operations.ts';
import { DependencyDown } from '../ports.ts';
import type { Channel } from './channel.ts';

/** Calls without an answer at once; one more is refused. */
export const CALLS_IN_FLIGHT_MAX = 1_000;

/** The same methods, each answered by a promise. */
export type Remote<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

interface Call {
  readonly call: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Answer =
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly failure: Failure };

/** What may cross of an error: enough to throw the same kind again. */
type Failure =
  | { readonly kind: 'refused'; readonly fault: OperationFault; readonly message: string }
  | { readonly kind: 'down'; readonly dependency: Dependency; readonly message: string }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Lets the other end of a channel call these methods, and no others. A refused operation and an outage stay what they are; any other error crosses as its message and stack. */
export function serveCalls(channel: Channel, methods: Methods): void {
  const table = new Map(Object.entries(methods));
  channel.onMessage((message) => {
    const { call, name, args } = message as Call;
    void run(table.get(name), name, args).then((outcome) => {
      try {
        channel.post({ answer: call, ...outcome });
      } catch (error) {
        // What cannot be copied to another thread must not leave its caller waiting.
        channel.post({ answer: call, failure: toFailure(error) });
      }
    });
  });
}

async function run(method: Methods[string] | undefined, name: string, args: readonly unknown[]) {
  try {
    if (method === undefined) throw new TypeError(`no method ${name}`);
    return { value: await method(...(args as never[])) };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

function toFailure(error: unknown): Failure {
  if (error instanceof OperationRefused)
    return { kind: 'refused', fault: error.fault, message: error.message };
  if (error instanceof DependencyDown)
    return { kind: 'down', dependency: error.dependency, message: error.reason };
  if (!(error instanceof Error)) return { kind: 'bug', message: String(error), stack: '' };
  return { kind: 'bug', message: `${error.name}: ${error.message}`, stack: error.stack ?? '' };
}

function toError(failure: Failure): Error {
  if (failure.kind === 'refused') return new OperationRefused(failure.fault, failure.message);
  if (failure.kind === 'down') return new DependencyDown(failure.dependency, failure.message);
  const error = new Error(failure.message);
  // Where it happened is in the other thread; where it was asked for says nothing.
  if (failure.stack !== '') error.stack = failure.stack;
  return error;
}

/** Every method, and how long a call of it may take, in milliseconds. */
export type CallTimeouts<T> = Readonly<Record<keyof T & string, number>>;

export interface CallerOptions<T> {
  readonly timeoutsMs: CallTimeouts<T>;
  /** What is down when nobody answers. */
  readonly dependency: Dependency;
}

const GONE = 'the other thread is gone';

/** Calls methods that `serveCalls` offers at the other end. Rejects with `DependencyDown` when the time is over or the other end is gone. */
export function createCaller<T extends object>(
  channel: Channel,
  { timeoutsMs, dependency }: CallerOptions<T>,
): Remote<T> {
  const calls = new PendingCalls(channel, dependency);
  const methods = Object.entries<number>(timeoutsMs).map(([name, timeoutMs]) => [
    name,
    (...args: unknown[]) => calls.start({ name, args, timeoutMs }),
  ]);
  return Object.fromEntries(methods) as Remote<T>;
}

interface Asked extends Pick<Call, 'name' | 'args'> {
  readonly timeoutMs: number;
}

class PendingCalls {
  private readonly channel: Channel;
  private readonly dependency: Dependency;
  private readonly settlers = new Map<number, (answer: Answer) => void>();
  private last = 0;
  private closed = false;

  constructor(channel: Channel, dependency: Dependency) {
    this.channel = channel;
    this.dependency = dependency;
    channel.onMessage((message) => this.settle(message as Answer));
    channel.onClose(() => {
      this.closed = true;
      for (const id of this.settlers.keys()) this.settle(this.down(id, GONE));
    });
  }

  start({ name, args, timeoutMs }: Asked): Promise<unknown> {
    if (this.closed) return Promise.reject(new DependencyDown(this.dependency, GONE));
    if (this.settlers.size >= CALLS_IN_FLIGHT_MAX) {
      return Promise.reject(new DependencyDown(this.dependency, 'too many calls in flight'));
    }
    this.last += 1;
    const id = this.last;
    return new Promise((resolve, reject) => {
      // First: what cannot be copied throws here, and nothing waits for it then.
      this.channel.post({ call: id, name, args } satisfies Call);
      const timer = setTimeout(() => this.settle(this.down(id, `${name} took too long`)), timeoutMs);
      this.settlers.set(id, (answer) => {
        clearTimeout(timer);
        if ('failure' in answer) reject(toError(answer.failure));
        else resolve(answer.value);
      });
    });
  }

  private settle(answer: Answer): void {
    const settle = this.settlers.get(answer.answer);
    this.settlers.delete(answer.answer);
    settle?.(answer);
  }

  private down(answer: number, message: string): Answer {
    return { answer, failure: { kind: 'down', dependency: this.dependency, message } };
  }
}
