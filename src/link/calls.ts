import { OperationRefused } from '../domain/operations.ts';
import type { OperationFault } from '../domain/operations.ts';
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
  | { readonly answer: number; readonly fault: OperationFault | 'failed'; readonly message: string };

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
    const fault = error instanceof OperationRefused ? error.fault : ('failed' as const);
    return { fault, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Calls methods that `serveCalls` offers at the other end. Rejects after CALL_TIMEOUT_MS or when the other end is gone. */
export function createCaller<T extends object>(
  channel: Channel,
  names: readonly (keyof T & string)[],
): Remote<T> {
  const pending = new Map<number, (answer: Answer) => void>();
  let last = 0;
  let closed = false;
  channel.onMessage((message) => {
    const answer = message as Answer;
    pending.get(answer.answer)?.(answer);
  });
  channel.onClose(() => {
    closed = true;
    for (const [answer, settle] of pending) settle(failed(answer, 'the other thread is gone'));
  });
  const call = (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (closed || pending.size >= CALLS_IN_FLIGHT_MAX) {
      return Promise.reject(new Error(closed ? 'the other thread is gone' : 'too many calls in flight'));
    }
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => pending.get(id)?.(failed(id, `${name} took too long`)), CALL_TIMEOUT_MS);
      pending.set(id, (answer) => {
        clearTimeout(timer);
        pending.delete(id);
        if ('value' in answer) resolve(answer.value);
        else reject(toError(answer));
      });
      channel.post({ call: id, name, args } satisfies Call);
    });
  };
  const methods = names.map((name) => [name, (...args: unknown[]) => call(name, args)] as const);
  return Object.fromEntries(methods) as Remote<T>;
}

function failed(answer: number, message: string): Answer {
  return { answer, fault: 'failed', message };
}

function toError({ fault, message }: { fault: OperationFault | 'failed'; message: string }): Error {
  return fault === 'failed' ? new Error(message) : new OperationRefused(fault, message);
}
