import type { Readable, Writable } from 'node:stream';
import type { Program } from './program.ts';

/** All that the command line has of the process it runs in. */
export interface CliWorld {
  readonly program: Program;
  readonly stdin: Input;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** From the first call on, a signal to end aborts this instead of ending the process; a second one ends it. */
  readonly takeSignals: () => AbortSignal;
}

export interface Input extends Readable {
  readonly isTTY?: boolean;
}
