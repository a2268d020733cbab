import { DependencyDown } from '../ports.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';

/** Work that is done for one value while others are dropped. */
export interface OneAtATime<Value> {
  take(value: Value): void;
  /** Resolves when what was taken has been worked off. */
  flush(): Promise<void>;
}

export interface Work<Value> {
  readonly run: (value: Value) => Promise<void>;
  /** What to log where it did not succeed. */
  readonly failed: string;
  readonly log: Log;
}

/** For work that comes again by itself, so that a failure loses nothing: an outage is a warning, anything else a bug and an error. */
export function createOneAtATime<Value>({ run, failed, log }: Work<Value>): OneAtATime<Value> {
  let running: Promise<void> | undefined;
  const runToEnd = async (value: Value): Promise<void> => {
    try {
      await run(value);
    } catch (error) {
      if (error instanceof DependencyDown) log.warn(failed, toErrorFields(error));
      else log.error(failed, toErrorFields(error));
    }
  };
  return {
    take(value) {
      // Set free a turn later, or work that ends at once would be set after it was freed.
      running ??= runToEnd(value).finally(() => (running = undefined));
    },
    flush: () => running ?? Promise.resolve(),
  };
}
