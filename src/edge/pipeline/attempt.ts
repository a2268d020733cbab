import { DependencyDown } from '../../ports.ts';
import type { Eventually } from '../../ports.ts';

/** Makes an outage a value at the very place that asked. Any other exception is a bug and passes. */
export function attempt<T>(ask: () => Eventually<T>): Eventually<T | DependencyDown> {
  try {
    const answer = ask();
    return answer instanceof Promise ? answer.catch(fromOutage) : answer;
  } catch (error) {
    return fromOutage(error);
  }
}

export interface Continued<T, U> {
  readonly next: (answer: T | DependencyDown) => Eventually<U>;
  /** Told of any other exception, which is a bug: throws it again, or rejects with it, when it has tidied up. */
  readonly onBug: (bug: unknown) => Eventually<never>;
}

/** Asks as `attempt` does, and goes on with what came of it: one promise where `attempt` and what follows make two. A bug of `next` is nobody's to tidy up. */
export function attemptThen<T, U>(ask: () => Eventually<T>, { next, onBug }: Continued<T, U>): Eventually<U> {
  const fail = (error: unknown): Eventually<U> =>
    error instanceof DependencyDown ? next(error) : onBug(error);
  let answer: Eventually<T>;
  try {
    answer = ask();
  } catch (error) {
    return fail(error);
  }
  return answer instanceof Promise ? answer.then(next, fail) : next(answer);
}

function fromOutage(error: unknown): DependencyDown {
  if (error instanceof DependencyDown) return error;
  throw error;
}
