import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadResult } from './load.ts';
import type { Order } from './load-process.ts';
import type { OpenPlan, OpenResult } from './open-load.ts';

/** What is asked, under a name; every loader has messages of its own. */
export interface Questions {
  readonly name: string;
  readonly messages: readonly Uint8Array[];
}

/** Processes that load servers, with as many keys of their own each. */
export interface Loaders {
  readonly count: number;
  keep(questions: Questions): Promise<void>;
  /** All of them at once, each with the whole of the plan. */
  closed(name: string, plan: Omit<LoadPlan, 'messages'>): Promise<readonly LoadResult[]>;
  /** The first alone, one call after another or at a steady rate: the others leave their core to the server. */
  closedByOne(name: string, plan: Omit<LoadPlan, 'messages'>): Promise<LoadResult>;
  openByOne(name: string, plan: Omit<OpenPlan, 'messages'>): Promise<OpenResult>;
  stop(): void;
}

/** Catches what hangs; no load is meant to take so long. */
const ORDER_MS_MAX = 120_000;

export function startLoaders(count: number): Loaders {
  const script = fileURLToPath(new URL('load-process.ts', import.meta.url));
  const children = Array.from({ length: count }, () =>
    fork(script, { serialization: 'advanced', env: { PATH: process.env['PATH'] } }),
  );
  const [first] = children;
  if (first === undefined) throw new Error('a load needs a loader');
  return {
    count,
    async keep({ name, messages }) {
      await Promise.all(
        children.map((child, part) => {
          const own = messages.filter((_, index) => index % count === part);
          return order<undefined>(child, { kind: 'keep', name, messages: own });
        }),
      );
    },
    closed: (name, plan) =>
      Promise.all(children.map((child) => order<LoadResult>(child, { kind: 'closed', name, plan }))),
    closedByOne: (name, plan) => order(first, { kind: 'closed', name, plan }),
    openByOne: (name, plan) => order(first, { kind: 'open', name, plan }),
    stop() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

async function order<Result>(child: ChildProcess, what: Order): Promise<Result> {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('a loader ended'));
  child.once('exit', leave);
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(ORDER_MS_MAX)]);
  const answered = once(child, 'message', { signal });
  child.send(what);
  const [answer] = (await answered) as [{ readonly result: Result } | { readonly error: string }];
  child.off('exit', leave);
  if ('error' in answer) throw new Error(answer.error);
  return answer.result;
}
