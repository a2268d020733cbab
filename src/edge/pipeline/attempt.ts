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

function fromOutage(error: unknown): DependencyDown {
  if (error instanceof DependencyDown) return error;
  throw error;
}
