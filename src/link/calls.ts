import type { Dependency } from '../domain/decision.ts';
import { OperationRefused } from '../domain/operations.ts';
import type { OperationFault } from '../domain/operations.ts';
import { DependencyDown } from '../ports.ts';
import type { Channel } from './channel.ts';

/** Calls without an answer at once; one more is refused. */
export const CALLS_IN_FLIGHT_MAX = 1_000;
/** How long a call may take, in milliseconds. */
export const CALL_TIMEOUT_MS = 30_000;

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
  | { readonly kind: 'bug'; readonly message: string };

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Lets the other end of a channel call these methods, and no others. A refused operation stays one; any other error crosses as its message. */
export function serveCalls(channel: Channel, methods: Methods): void {
  const table = new Map(Object.entries(methods));
  channel.onMessage((message) => {
    const { call, name, args } = message as Call;
    void run(table.get(name), name, args).then((outcome) => channel.post({ answer: call, ...outcome }));
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
  return { kind: 'bug', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function toError(failure: Failure): Error {
  if (failure.kind === 'refused') return new OperationRefused(failure.fault, failure.message);
  if (failure.kind === 'down') return new DependencyDown(failure.dependency, failure.message);
  return new Error(failure.message);
}

export interface CallerOptions<T> {
  readonly names: readonly (keyof T & string)[];
  /** What is down when nobody answers. */
  readonly dependency: Dependency;
}

/** Calls methods that `serveCalls` offers at the other end. Rejects with `DependencyDown` after CALL_TIMEOUT_MS or when the other end is gone. */
export function createCaller<T extends object>(
  channel: Channel,
  { names, dependency }: CallerOptions<T>,
): Remote<T> {
  const pending = new Map<number, (answer: Answer) => void>();
  let last = 0;
  let closed = false;
  const down = (answer: number, message: string): Answer => ({
    answer,
    failure: { kind: 'down', dependency, message },
  });
  channel.onMessage((message) => {
    const answer = message as Answer;
    pending.get(answer.answer)?.(answer);
  });
  channel.onClose(() => {
    closed = true;
    for (const [answer, settle] of pending) settle(down(answer, GONE));
  });
  const call = (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (closed || pending.size >= CALLS_IN_FLIGHT_MAX) {
      return Promise.reject(new DependencyDown(dependency, closed ? GONE : 'too many calls in flight'));
    }
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => pending.get(id)?.(down(id, `${name} took too long`)), CALL_TIMEOUT_MS);
      pending.set(id, (answer) => {
        clearTimeout(timer);
        pending.delete(id);
        if ('failure' in answer) reject(toError(answer.failure));
        else resolve(answer.value);
      });
      channel.post({ call: id, name, args } satisfies Call);
    });
  };
  const methods = names.map((name) => [name, (...args: unknown[]) => call(name, args)] as const);
  return Object.fromEntries(methods) as Remote<T>;
}

const GONE = 'the other thread is gone';
